import { randomBytes } from "node:crypto"
import { resolve } from "node:path"
import pg from "pg"
// @ts-expect-error the launcher is plain JavaScript, without types
import { ensureWebBuilt } from "../../bin/web-build.mjs"
import { type GeminiSimulator, startGeminiSimulator } from "../../simulators/gemini/server.ts"
import { startEmbeddedPostgres } from "../../src/embedded/postgres/index.ts"
import { startChild } from "../lib/child.ts"
import { createHttp, type Http } from "../lib/http.ts"
import { freePort } from "../lib/redis-server.ts"
import { openFolder } from "../lib/stores.ts"
import { until } from "../lib/until.ts"

const ROOT = resolve(import.meta.dirname, "../..")

/** A service that is there for its pictures. */
export interface Booth {
  url: string
  gemini: GeminiSimulator
  adminToken: string
  /** Signs a person up who hasn't been here before. */
  newPerson(name: string, plan?: "pro"): Promise<Person>
}

export interface Person {
  http: Http
  token: string
  refreshToken: string
  /** Makes a room. @returns its id */
  room(name: string): Promise<string>
  /** Sends a prompt, whose reply is as the simulator's directive says. @returns the reply's id */
  send(room: string, prompt: string, directive: string): Promise<string>
  /** The same, until the reply has ended. */
  ask(room: string, prompt: string, directive: string): Promise<string>
}

/** Starts the service on a database of its own; both go with `stack`. */
export async function openBooth(stack: AsyncDisposableStack): Promise<Booth> {
  await ensureWebBuilt(ROOT, { node: process.execPath })
  const folder = await openFolder(stack)
  const postgres = await startEmbeddedPostgres({ dataDir: folder })
  stack.defer(() => postgres.stop())
  const gemini = await startGeminiSimulator({ chunkDelayMs: 0 })
  stack.defer(() => gemini.close())
  const port = await freePort()
  const url = `http://localhost:${port}`
  const adminToken = randomBytes(24).toString("base64url")
  const env = {
    DATA_DIR: folder,
    DATABASE_URL: postgres.url,
    PORT: String(port),
    GEMINI_API_KEY: "unused",
    GEMINI_BASE_URL: gemini.url,
    GEMINI_TITLES: "false",
    ADMIN_TOKEN: adminToken,
    LOG_LEVEL: "error",
    RATE_LIMIT_SCALE: "1000",
  }
  const server = startChild({ entry: "src/server.ts", env, cwd: folder })
  stack.defer(async () => void (await server.kill("SIGTERM")))
  await server.answers(`${url}/health/ready`)
  const pool = new pg.Pool({ connectionString: postgres.url, max: 1 })
  stack.defer(() => pool.end())
  let people = 0
  return {
    url,
    gemini,
    adminToken,
    async newPerson(name, plan) {
      people += 1
      const mobileNumber = `+12025550${String(100 + people)}`
      const http = createHttp(url)
      await http.post("/auth/signup", { mobileNumber, name })
      const { otp } = (await http.post("/auth/send-otp", { mobileNumber })).body
      const { token, refreshToken } = (await http.post("/auth/verify-otp", { mobileNumber, otp })).body
      if (plan)
        await pool.query("UPDATE users SET pro_until = 'infinity' WHERE mobile_number = $1", [mobileNumber])
      return personOf(gemini, createHttp(url, { token }), { token, refreshToken })
    },
  }
}

function personOf(
  gemini: GeminiSimulator,
  http: Http,
  tokens: { token: string; refreshToken: string },
): Person {
  async function send(room: string, prompt: string, directive: string): Promise<string> {
    gemini.script({ directive, text: prompt, calls: "all" })
    const { status, body } = await http.post(`/chatroom/${room}/message`, { message: prompt })
    if (status !== 202) throw new Error(`A prompt was refused: ${JSON.stringify(body)}`)
    return body.reply.id
  }
  return {
    ...tokens,
    http,
    room: async (name) => (await http.post("/chatroom", { name })).body.id,
    send,
    async ask(room, prompt, directive) {
      const id = await send(room, prompt, directive)
      const isOver = async () => (await http.get(`/chatroom/${room}/message/${id}`)).body.completedAt !== null
      await until("the reply has ended", isOver, { everyMs: 50 })
      return id
    },
  }
}
