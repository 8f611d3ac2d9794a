import { readdirSync, readFileSync } from "node:fs"
import { afterAll, describe, expect, inject } from "vitest"
import { startEmbeddedPostgres } from "../../src/embedded/postgres/index.ts"
import { MINUTE } from "../../src/utils/time.ts"
import { type Child, type ChildOptions, startChild } from "../../tools/lib/child.ts"
import { type Client, signUp, type User } from "../../tools/lib/client.ts"
import type { Http } from "../../tools/lib/http.ts"
import { listen } from "../../tools/lib/listener.ts"
import { createRandom } from "../../tools/lib/random.ts"
import { openRedis } from "../../tools/lib/redis-server.ts"
import { type Backend, openFolder, type Stores } from "../../tools/lib/stores.ts"
import type { SignedIn, TestApp } from "../helpers/app.ts"
import { finalReply, send } from "../helpers/chat.ts"
import { createTestDatabase } from "../helpers/database.ts"

export { testStack } from "../helpers/stack.ts"

/** What is put on it is undone after the tests of the file, or of the `describe` around the call. */
export function sharedStack(): AsyncDisposableStack {
  const stack = new AsyncDisposableStack()
  afterAll(() => stack.disposeAsync())
  return stack
}

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
  return { databaseUrl, redisUrl: (await openRedis(stack)).url }
}

/** Starts an embedded PostgreSQL on the folder, which ends with `stack`. */
export async function openEmbeddedPostgres(
  stack: AsyncDisposableStack,
  dataDir: string,
  settings: Record<string, string> = {},
) {
  const postgres = await startEmbeddedPostgres({ dataDir, settings })
  stack.defer(() => postgres.stop())
  return postgres
}

/** Starts a process in a folder of its own, which is its `DATA_DIR` too. It is killed with `stack`. */
export async function startProcess(
  stack: AsyncDisposableStack,
  { env, ...options }: Omit<ChildOptions, "cwd">,
): Promise<Child> {
  const folder = await openFolder(stack)
  const defaults = { DATA_DIR: folder, PORT: "0", GEMINI_API_KEY: "unused" }
  const child = startChild({ ...options, env: { ...defaults, ...env }, cwd: folder })
  stack.defer(async () => void (await child.kill("SIGKILL")))
  return child
}

export type Reply = { id: string; chatroomId: string }

/** Sends a prompt, which must be accepted. */
export async function accept(app: TestApp, user: SignedIn, room: { id: string }, message: string) {
  const { status, body } = await send(app, user, room, message)
  expect(status, JSON.stringify(body)).toBe(202)
  return body.reply as Reply
}

/** Waits until each of the replies is completed. */
export async function expectCompleted(app: TestApp, user: SignedIn, replies: Reply[]): Promise<void> {
  for (const reply of replies) {
    const { id } = reply
    expect(await finalReply(app, user, reply, 2 * MINUTE)).toMatchObject({ id, status: "completed" })
  }
}

/** The walk of the README: from a phone number to what Gemini says. @returns where the reply is, and whose */
export async function walk(http: Http) {
  const mobileNumber = "1234567890"
  await http.post("/auth/signup", { mobileNumber })
  const { otp } = (await http.post("/auth/send-otp", { mobileNumber })).body
  const { token } = (await http.post("/auth/verify-otp", { mobileNumber, otp })).body
  const { id } = (await http.post("/chatroom", { name: "First" }, { token })).body
  const wait = { token, headers: { Prefer: "wait=60" } }
  const { status, body } = await http.post(`/chatroom/${id}/message`, { message: "What is a queue?" }, wait)
  const { reply } = body
  expect(status).toBe(201)
  expect(reply).toMatchObject({ status: "completed", content: expect.stringMatching(/\w/) })
  return { path: `/chatroom/${id}/message/${reply.id}`, token, text: reply.content }
}

/** Sends each prompt in a room of its own and listens to the reply, whatever breaks meanwhile. */
export async function askInRooms(client: Client, user: User, prompts: string[], signal: AbortSignal) {
  const token = await user.token()
  const random = createRandom("listeners")
  return Promise.all(
    prompts.map(async (message) => {
      const room = await client.post("/chatroom", {}, { token })
      const { status, body } = await client.post(`/chatroom/${room.body.id}/message`, { message }, { token })
      if (status !== 202) throw new Error(`not accepted: ${status} ${JSON.stringify(body)}`)
      const path = `/chatroom/${room.body.id}/message/${body.reply.id}`
      const heard = listen(client, user, `${path}/stream`, { random: random.fork(path), signal })
      return { path, replyId: body.reply.id as string, heard }
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
