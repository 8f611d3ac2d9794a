import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { isAlive } from "../../src/embedded/postgres/processes.ts"
import { createAttempts } from "../../tools/lib/attempts.ts"
import { type Child, type LogLine, startChild } from "../../tools/lib/child.ts"
import { createClient } from "../../tools/lib/client.ts"
import { STOP_WITHIN_MS } from "../../tools/lib/cluster.ts"
import { createRandom } from "../../tools/lib/random.ts"
import { freePort } from "../../tools/lib/redis-server.ts"
import { openFolder } from "../../tools/lib/stores.ts"
import { endsWithin, until } from "../../tools/lib/until.ts"
import { askInRooms, childrenOf, newUser, testStack } from "./kit.ts"

interface StartOptions {
  port?: number
  says?: string | null
  env?: Record<string, string>
}

/**
 * What `npm start` runs, without any configuration but where. Whatever is left of it ends with `stack`.
 * @returns when it `says` that, null for at once
 */
async function startServer(
  stack: AsyncDisposableStack,
  folder: string,
  { port, says = "Listening on", env: more = {} }: StartOptions = {},
) {
  const attempts = createAttempts()
  const PORT = String(port ?? (await freePort()))
  const env = { PORT, DATA_DIR: folder, RATE_LIMIT_SCALE: "100", ...more }
  const onLog = (line: LogLine) => attempts.see(0, line)
  const child = startChild({ entry: "src/server.ts", env, cwd: folder, onLog })
  stack.defer(async () => {
    if (!child.isAlive()) return
    if (!(await endsWithin(STOP_WITHIN_MS, child.kill("SIGTERM")))) await child.kill("SIGKILL")
  })
  if (says !== null) await child.printed(says)
  return Object.assign(child, { url: `http://127.0.0.1:${PORT}`, attempts })
}

const pidFile = (folder: string) => join(folder, "postgres", "cluster", "postmaster.pid")

const postgresOf = (folder: string) => Number.parseInt(readFileSync(pidFile(folder), "utf8"), 10)

/** A server on a folder and a port that outlive it. */
async function startFirst(signal: AbortSignal) {
  const stack = testStack()
  const folder = await openFolder(stack)
  /** Processes that were seen. A PostgreSQL that was left behind must not stay when the test is over. */
  const pids = new Set<number>()
  stack.defer(() => {
    for (const pid of pids) if (isAlive(pid)) process.kill(pid, "SIGKILL")
  })
  const port = await freePort()
  const server = await startServer(stack, folder, { port })
  const client = createClient([server.url], createRandom("embedded"), signal)
  /** Sends the prompts and waits until all replies run. */
  const ask = async (prompts: string[]) => {
    const user = await newUser(client)
    const asked = await askInRooms(client, user, prompts, signal)
    const running = () => server.attempts.runningOn(0).length
    await until("all replies run", () => running() === prompts.length, { signal })
    pids.add(postgresOf(folder))
    notePids(server)
    return { user, asked }
  }
  const notePids = (parent: Child) => {
    for (const pid of childrenOf(parent.pid)) pids.add(pid)
  }
  const nothingIsLeft = () => until("nothing is left", () => ![...pids].some(isAlive), { signal })
  return { stack, folder, pids, port, server, client, ask, notePids, nothingIsLeft }
}

async function expectStopInTime(server: Child): Promise<void> {
  const exit = server.kill("SIGTERM")
  expect(await endsWithin(STOP_WITHIN_MS, exit)).toBe(true)
  expect((await exit).code).toBe(0)
}

test("after kill -9 of the whole server the next start adopts PostgreSQL and finishes the replies that were running", async ({
  signal,
}) => {
  const { stack, folder, pids, port, server, client, ask, notePids, nothingIsLeft } = await startFirst(signal)
  const { user, asked } = await ask([1, 2, 3, 4].map((i) => `[[gemini: chunks=40 delay=200]] question ${i}`))
  const postgres = postgresOf(folder)

  await server.kill("SIGKILL")
  expect(isAlive(postgres)).toBe(true)
  const isAlone = () => [...pids].every((pid) => pid === postgres || !isAlive(pid))
  await until("only PostgreSQL is left", isAlone, { signal })

  const second = await startServer(stack, folder, { port })
  expect(postgresOf(folder)).toBe(postgres)
  for (const { path, replyId, heard } of asked) {
    const { text, dones } = await heard
    const { body } = await client.get(path, { token: await user.token() })
    expect(body).toMatchObject({ id: replyId, status: "completed", content: text })
    expect(dones).toEqual([body])
    // Its log may be read later than its stream.
    await expect.poll(() => second.attempts.endings(replyId)).toBe(1)
  }

  notePids(second)
  await expectStopInTime(second)
  await nothingIsLeft()
})

test("SIGTERM while replies run stops server, PostgreSQL and simulator within 10 s, and the next start finishes the replies", async ({
  signal,
}) => {
  const { stack, folder, port, server, ask, nothingIsLeft } = await startFirst(signal)
  const { asked } = await ask(["[[gemini: chunks=60 delay=100]] a long one"])

  await expectStopInTime(server)
  await nothingIsLeft()

  await startServer(stack, folder, { port })
  const { dones, text } = (await asked[0]?.heard) ?? {}
  expect(dones).toMatchObject([{ status: "completed", content: text }])
})

test("a second instance on the same DATA_DIR or port says why it can't start, and the first goes on", async ({
  signal,
}) => {
  const { stack, folder, port, server: first } = await startFirst(signal)
  const other = await openFolder(stack)

  const sameFolder = await startServer(stack, folder, { says: null })
  expect((await sameFolder.ended).code).toBe(1)
  expect(sameFolder.output()).toContain(`Another instance (process ${first.pid}) already uses ${folder}.`)
  expect(sameFolder.output()).toContain("DATA_DIR")

  const samePort = await startServer(stack, other, { port, says: null })
  expect((await samePort.ended).code).toBe(1)
  expect(samePort.output()).toContain(`Port ${port} on 127.0.0.1 is already in use`)
  for (const refused of [sameFolder, samePort]) expect(refused.output()).not.toMatch(/^\s+at /m)
  await until("its PostgreSQL is gone", () => !existsSync(pidFile(other)), { signal })

  expect((await fetch(`${first.url}/health/ready`)).status).toBe(200)
})

test("billing:reconcile beside a server reads the server's database and Stripe simulator", async ({
  signal,
}) => {
  const { folder, client, server } = await startFirst(signal)
  // The server reconciles for itself, once for each of its two schedules, soon after it listens.
  const reconciled = () => server.output().split('"event":"billing_reconciled"').length - 1
  await until("the server has reconciled", () => reconciled() >= 2, { signal })
  // The simulator's address is in a page's, and the events of that page may still be read when the payer pays.
  const other = await (await newUser(client)).token()
  const { url } = (await client.post("/subscribe/pro", {}, { token: other })).body
  const simulator = (path: string, body: object) =>
    fetch(new URL(`/__admin/${path}`, url), { method: "POST", body: JSON.stringify(body), signal })
  await simulator("delivery", { drop: 1 })
  const token = await (await newUser(client)).token()
  const { sessionId } = (await client.post("/subscribe/pro", {}, { token })).body
  expect((await simulator(`checkout/${sessionId}/pay`, {})).status).toBe(200)
  expect((await client.get("/subscription/status", { token })).body).toMatchObject({ tier: "basic" })

  const entry = "src/cli/billing-reconcile.ts"
  const command = startChild({ entry, env: { DATA_DIR: folder }, cwd: folder })
  expect((await command.ended).code, command.output()).toBe(0)
  expect(command.output()).toMatch(/^\d customers? read, 1 changed\.$/m)
  expect((await client.get("/subscription/status", { token })).body).toMatchObject({ tier: "pro" })
  expect((await simulator("settled", {})).status).toBe(200)
})

test("a server behind a proxy reaches its own parts, reads a .env of Windows, and ends when its data is removed", async () => {
  const stack = testStack()
  const folder = await openFolder(stack)
  const port = await freePort()
  writeFileSync(join(folder, ".env"), `\uFEFFLOG_LEVEL=warn\r\nPORT=${port}\r\nPROT=1\r\n`)
  const env = { PORT: "", NODE_USE_ENV_PROXY: "1", HTTP_PROXY: "http://127.0.0.1:9" }
  const server = await startServer(stack, folder, { env })
  const postgres = postgresOf(folder)
  expect(server.output()).toContain(`Listening on http://localhost:${port}`)
  expect(server.output()).toMatch(/PROT.*PORT/)
  rmSync(join(folder, "postgres"), { recursive: true })
  expect((await server.ended).code).toBe(1)
  expect(server.output()).toContain(`The data folder ${folder} was removed while the server ran`)
  expect(isAlive(postgres)).toBe(false)
})

test("SIGTERM while the database is being made ends everything at once, and the next start makes it anew", async () => {
  const stack = testStack()
  const folder = await openFolder(stack)
  const first = await startServer(stack, folder, { says: "Creating the database" })
  expect(await first.kill("SIGTERM")).toEqual({ code: 0, signal: null })
  expect(existsSync(pidFile(folder))).toBe(false)
  const second = await startServer(stack, folder)
  expect(await second.kill("SIGTERM")).toEqual({ code: 0, signal: null })
})
