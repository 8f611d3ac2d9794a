import { existsSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { expect, test } from "vitest"
import { isAlive } from "../../src/embedded/postgres/processes.ts"
import { MINUTE } from "../../src/utils/time.ts"
import { type Attempts, createAttempts } from "../../tools/lib/attempts.ts"
import { type Child, startChild } from "../../tools/lib/child.ts"
import { createClient } from "../../tools/lib/client.ts"
import { STOP_WITHIN_MS } from "../../tools/lib/cluster.ts"
import { createRandom } from "../../tools/lib/random.ts"
import { freePort } from "../../tools/lib/redis-server.ts"
import { openFolder } from "../../tools/lib/stores.ts"
import { endsWithin, until } from "../../tools/lib/until.ts"
import { askInRooms, childrenOf, newUser, testStack } from "./kit.ts"

interface Server extends Child {
  url: string
  attempts: Attempts
}

/** What `npm start` runs, without any configuration but where. Whatever is left of it ends with `stack`. */
async function startServer(stack: AsyncDisposableStack, folder: string, port: number): Promise<Server> {
  const attempts = createAttempts()
  const env = { PORT: String(port), DATA_DIR: folder, RATE_LIMIT_SCALE: "100" }
  const child = startChild({
    entry: "src/server.ts",
    env,
    cwd: folder,
    onLog: (line) => attempts.see(0, line),
  })
  stack.defer(async () => {
    if (!child.isAlive()) return
    if (!(await endsWithin(STOP_WITHIN_MS, child.kill("SIGTERM")))) await child.kill("SIGKILL")
  })
  return Object.assign(child, { url: `http://127.0.0.1:${port}`, attempts })
}

const LISTENS = "Listening on"

async function postgresOf(folder: string): Promise<number> {
  const file = await readFile(join(folder, "postgres", "cluster", "postmaster.pid"), "utf8")
  return Number(file.split("\n")[0])
}

/** Runs when everything else of the test is over: a PostgreSQL that was left behind must not stay. */
function killLeftovers(stack: AsyncDisposableStack, pids: Set<number>): void {
  stack.defer(() => {
    for (const pid of pids) if (isAlive(pid)) process.kill(pid, "SIGKILL")
  })
}

test(
  "after kill -9 of the whole server the next start adopts PostgreSQL and finishes the replies that were running",
  async ({ signal }) => {
    const stack = testStack()
    const folder = await openFolder(stack)
    const pids = new Set<number>()
    killLeftovers(stack, pids)
    const port = await freePort()
    const first = await startServer(stack, folder, port)
    await first.printed(LISTENS)
    const client = createClient([first.url], createRandom(2), signal)
    const user = await newUser(client)
    const prompts = Array.from({ length: 4 }, (_, i) => `[[gemini: chunks=40 delay=200]] question ${i}`)
    const asked = await askInRooms(client, user, prompts, signal)
    await until("all replies run", () => first.attempts.runningOn(0).length === prompts.length, { signal })
    const postgres = await postgresOf(folder)
    for (const pid of [postgres, ...childrenOf(first.pid)]) pids.add(pid)

    await first.kill("SIGKILL")
    expect(isAlive(postgres)).toBe(true)
    await until(
      "only PostgreSQL is left",
      () => [...pids].every((pid) => pid === postgres || !isAlive(pid)),
      { signal },
    )

    const second = await startServer(stack, folder, port)
    await second.printed(LISTENS)
    expect(await postgresOf(folder)).toBe(postgres)
    for (const { path, replyId, heard } of asked) {
      const { text, dones } = await heard
      const { body } = await client.get(path, { token: await user.token() })
      expect(body).toMatchObject({ id: replyId, status: "completed", content: text })
      expect(dones).toEqual([body])
      expect(second.attempts.endings(replyId)).toBe(1)
    }

    for (const pid of childrenOf(second.pid)) pids.add(pid)
    const exit = second.kill("SIGTERM")
    expect(await endsWithin(STOP_WITHIN_MS, exit)).toBe(true)
    expect((await exit).code).toBe(0)
    await until("nothing is left", () => ![...pids].some(isAlive), { signal })
  },
  5 * MINUTE,
)

test(
  "SIGTERM while replies run stops server, PostgreSQL and simulator within 10 s, and the next start finishes the replies",
  async ({ signal }) => {
    const stack = testStack()
    const folder = await openFolder(stack)
    const pids = new Set<number>()
    killLeftovers(stack, pids)
    const port = await freePort()
    const first = await startServer(stack, folder, port)
    await first.printed(LISTENS)
    const client = createClient([first.url], createRandom(3), signal)
    const user = await newUser(client)
    const [asked] = await askInRooms(client, user, ["[[gemini: chunks=60 delay=100]] a long one"], signal)
    await until("the reply runs", () => first.attempts.runningOn(0).length === 1, { signal })
    for (const pid of [await postgresOf(folder), ...childrenOf(first.pid)]) pids.add(pid)

    const exit = first.kill("SIGTERM")
    expect(await endsWithin(STOP_WITHIN_MS, exit)).toBe(true)
    expect((await exit).code).toBe(0)
    await until("nothing is left", () => ![...pids].some(isAlive), { signal })

    const second = await startServer(stack, folder, port)
    await second.printed(LISTENS)
    const { dones, text } = (await asked?.heard) ?? {}
    expect(dones).toMatchObject([{ status: "completed", content: text }])
  },
  5 * MINUTE,
)

test(
  "a second instance on the same DATA_DIR or port says why it can't start, and the first goes on",
  async ({ signal }) => {
    const stack = testStack()
    const folder = await openFolder(stack)
    const other = await openFolder(stack)
    const [port, otherPort] = [await freePort(), await freePort()]
    const first = await startServer(stack, folder, port)
    await first.printed(LISTENS)

    const sameFolder = await startServer(stack, folder, otherPort)
    expect((await sameFolder.ended).code).toBe(1)
    expect(sameFolder.output()).toContain(
      `Another instance (process ${first.pid}) already runs on ${folder}.`,
    )
    expect(sameFolder.output()).toContain("DATA_DIR")
    expect(sameFolder.output()).not.toMatch(/^\s+at /m)

    const samePort = await startServer(stack, other, port)
    expect((await samePort.ended).code).toBe(1)
    expect(samePort.output()).toContain(`Port ${port} is taken`)
    expect(samePort.output()).not.toMatch(/^\s+at /m)
    await until(
      "its PostgreSQL is gone",
      () => !existsSync(join(other, "postgres", "cluster", "postmaster.pid")),
      { signal },
    )

    expect((await fetch(`${first.url}/health/ready`)).status).toBe(200)
  },
  5 * MINUTE,
)

test(
  "billing:reconcile beside a server reads the server's database and Stripe simulator",
  async ({ signal }) => {
    const stack = testStack()
    const folder = await openFolder(stack)
    const server = await startServer(stack, folder, await freePort())
    await server.printed(LISTENS)
    const client = createClient([server.url], createRandom(4), signal)
    const token = await (await newUser(client)).token()
    const { url, sessionId } = (await client.post("/subscribe/pro", {}, { token })).body
    const simulator = (path: string, body: object) =>
      fetch(new URL(`/__admin/${path}`, url), { method: "POST", body: JSON.stringify(body), signal })
    await simulator("delivery", { drop: 1 })
    expect((await simulator(`checkout/${sessionId}/pay`, {})).status).toBe(200)
    expect((await client.get("/subscription/status", { token })).body).toMatchObject({ tier: "basic" })

    const command = startChild({
      entry: "src/cli/billing-reconcile.ts",
      env: { DATA_DIR: folder },
      cwd: folder,
    })
    expect((await command.ended).code, command.output()).toBe(0)
    expect(command.output()).toContain("1 customer read, 1 changed.")
    expect((await client.get("/subscription/status", { token })).body).toMatchObject({ tier: "pro" })
    expect((await simulator("settled", {})).status).toBe(200)
  },
  5 * MINUTE,
)

test("SIGTERM while the database is being made ends everything at once, and the next start makes it anew", async () => {
  const stack = testStack()
  const folder = await openFolder(stack)
  const first = await startServer(stack, folder, await freePort())
  await first.printed("Creating the database")
  expect(await first.kill("SIGTERM")).toEqual({ code: 0, signal: null })
  expect(existsSync(join(folder, "postgres", "cluster", "postmaster.pid"))).toBe(false)
  const second = await startServer(stack, folder, await freePort())
  await second.printed(LISTENS)
  expect(await second.kill("SIGTERM")).toEqual({ code: 0, signal: null })
})
