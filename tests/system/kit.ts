import { readdirSync, readFileSync } from "node:fs"
import { describe, expect, inject } from "vitest"
import { type Child, type ChildOptions, startChild } from "../../tools/lib/child.ts"
import { type Client, signUp, type User } from "../../tools/lib/client.ts"
import type { Http } from "../../tools/lib/http.ts"
import { type Heard, listen } from "../../tools/lib/listener.ts"
import { createRandom } from "../../tools/lib/random.ts"
import { startRedis } from "../../tools/lib/redis-server.ts"
import { type Backend, openFolder, type Stores } from "../../tools/lib/stores.ts"
import { createTestDatabase } from "../helpers/database.ts"

export { testStack } from "../helpers/stack.ts"

export const isRedisLeftOut = inject("redisUrl") === null && process.env.TEST_REQUIRE_REDIS !== "1"

/** The same tests with the queue in PostgreSQL and in Redis, where this machine has one. */
export function describeBackends(name: string, tests: (backend: Backend) => void): void {
  describe(`${name}, queue in PostgreSQL`, () => tests("postgres"))
  describe.skipIf(isRedisLeftOut)(`${name}, queue in Redis`, () => tests("redis"))
}

/** The URL of a database of the test's own. */
export async function openDatabase(stack: AsyncDisposableStack): Promise<string> {
  const database = await createTestDatabase()
  stack.defer(() => database.drop())
  return database.url
}

/** A database and a Redis of the test's own. */
export async function openTestStores(stack: AsyncDisposableStack, backend: Backend): Promise<Stores> {
  const databaseUrl = await openDatabase(stack)
  if (backend === "postgres") return { databaseUrl, redisUrl: null }
  const redisUrl = await startRedis(stack)
  if (!redisUrl) throw new Error("TEST_REQUIRE_REDIS is set, and there is no redis-server on the PATH")
  return { databaseUrl, redisUrl }
}

/** Starts a process in a folder of its own, which is its `DATA_DIR` too. It is killed with `stack`. */
export async function startProcess(
  stack: AsyncDisposableStack,
  { env, ...options }: Omit<ChildOptions, "cwd">,
): Promise<Child> {
  const folder = await openFolder(stack)
  const child = startChild({
    ...options,
    env: { DATA_DIR: folder, PORT: "0", GEMINI_API_KEY: "unused", ...env },
    cwd: folder,
  })
  stack.defer(async () => void (await child.kill("SIGKILL")))
  return child
}

/** The walk of the README: from a phone number to what Gemini says. @returns where the reply is, and whose */
export async function walk(http: Http): Promise<{ path: string; token: string; text: string }> {
  const mobileNumber = "1234567890"
  await http.post("/auth/signup", { mobileNumber })
  const { otp } = (await http.post("/auth/send-otp", { mobileNumber })).body
  const { token } = (await http.post("/auth/verify-otp", { mobileNumber, otp })).body
  const { id } = (await http.post("/chatroom", { name: "First" }, { token })).body
  const wait = { token, headers: { Prefer: "wait=60" } }
  const asked = await http.post(`/chatroom/${id}/message`, { message: "What is a queue?" }, wait)
  expect(asked).toMatchObject({
    status: 201,
    body: { reply: { status: "completed", content: expect.stringMatching(/\w/) } },
  })
  const { reply } = asked.body
  return { path: `/chatroom/${id}/message/${reply.id}`, token, text: reply.content }
}

/** A prompt that was accepted, and what its listener has at the end. */
export interface Asked {
  path: string
  promptId: string
  replyId: string
  heard: Promise<Heard>
}

/** Sends each prompt in a room of its own and listens to the reply, whatever breaks meanwhile. */
export async function askInRooms(
  client: Client,
  user: User,
  prompts: string[],
  signal: AbortSignal,
): Promise<Asked[]> {
  const token = await user.token()
  const random = createRandom("listeners")
  return Promise.all(
    prompts.map(async (message) => {
      const room = await client.post("/chatroom", {}, { token })
      const { status, body } = await client.post(`/chatroom/${room.body.id}/message`, { message }, { token })
      if (status !== 202) throw new Error(`not accepted: ${status} ${JSON.stringify(body)}`)
      const path = `/chatroom/${room.body.id}/message/${body.reply.id}`
      const heard = listen(client, user, `${path}/stream`, { random: random.fork(path), signal })
      return { path, promptId: body.id, replyId: body.reply.id, heard }
    }),
  )
}

export const newUser = (client: Client) => signUp(client, "+12025550123")

/** The processes that `pid` has started; where that can't be known, none. */
export function childrenOf(pid: number): number[] {
  if (process.platform !== "linux") return []
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name))
  return pids.map(Number).filter((candidate) => parentOf(candidate) === pid)
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    // "pid (name) state parent …", and the name may hold spaces and brackets
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1])
  } catch {
    return undefined
  }
}
