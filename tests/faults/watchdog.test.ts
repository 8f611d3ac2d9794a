import { once } from "node:events"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"
import { fileURLToPath } from "node:url"
import pg from "pg"
import { expect, test } from "vitest"
import { MINUTE, SECOND } from "../../src/utils/time.ts"
import { type Child, startChild } from "../../tools/lib/child.ts"
import { openFolder } from "../../tools/lib/stores.ts"
import { createTestDatabase } from "../helpers/database.ts"
import { testStack } from "./kit.ts"

const PATIENCE_SECONDS = 3
const BLOCK = fileURLToPath(new URL("./fixtures/block-on-signal.mjs", import.meta.url))

test.skipIf(process.platform === "win32")(
  "a worker whose event loop is blocked is killed from within",
  async () => {
    const { worker } = await startWorkerProcess({ flags: [`--import=${BLOCK}`] })
    const blockedAt = performance.now()
    process.kill(worker.pid, "SIGUSR2")
    expect(await worker.ended).toEqual({ code: null, signal: "SIGKILL" })
    expect(performance.now() - blockedAt).toBeGreaterThan((PATIENCE_SECONDS - 1) * SECOND)
    expect(worker.output()).toContain("event loop blocked; killing the process")
  },
  MINUTE,
)

test(
  "a worker whose loops hang ends with code 1: its database takes everything and answers nothing",
  async () => {
    const { worker, proxy } = await startWorkerProcess({ behindProxy: true })
    proxy?.swallow()
    expect(await worker.ended).toEqual({ code: 1, signal: null })
    expect(worker.output()).toMatch(
      /"loop":"(sweep of running replies|heartbeat)".*worker loop hangs; stopping/,
    )
  },
  MINUTE,
)

test.skipIf(process.platform === "win32")(
  "a worker that is paused for longer and goes on has missed nothing",
  async () => {
    const { worker, heartbeat } = await startWorkerProcess({})
    process.kill(worker.pid, "SIGSTOP")
    // Nothing tells that time has passed in a process that stands still, so this waits.
    await new Promise((resolve) => setTimeout(resolve, (PATIENCE_SECONDS + 2) * SECOND))
    process.kill(worker.pid, "SIGCONT")
    const resumedAt = Date.now()
    await expect.poll(heartbeat).toBeGreaterThan(resumedAt)
    // Twice as long as it would have taken to be found stuck.
    await expect
      .poll(heartbeat, { timeout: 20 * SECOND })
      .toBeGreaterThan(resumedAt + 2 * PATIENCE_SECONDS * SECOND)
    expect(worker.isAlive()).toBe(true)
    expect(await worker.kill("SIGTERM")).toEqual({ code: 0, signal: null })
  },
  MINUTE,
)

interface Started {
  worker: Child
  proxy: Proxy | null
  /** When the worker last said that it lives, in ms. */
  heartbeat(): Promise<number>
}

async function startWorkerProcess({
  flags = [],
  behindProxy = false,
}: {
  flags?: string[]
  behindProxy?: boolean
}): Promise<Started> {
  const stack = testStack()
  const folder = await openFolder(stack)
  const database = await createTestDatabase()
  stack.defer(() => database.drop())
  const proxy = behindProxy ? await startProxy(stack, new URL(database.url)) : null
  const env = {
    DATABASE_URL: proxy?.url ?? database.url,
    GEMINI_API_KEY: "unused",
    JWT_SECRET: "x".repeat(32),
    WATCHDOG_SECONDS: `${PATIENCE_SECONDS}`,
  }
  const worker = startChild({ entry: "src/worker.ts", flags, env, cwd: folder })
  stack.defer(async () => void (await worker.kill("SIGKILL")))
  await worker.printed("The worker is running")
  return { worker, proxy, heartbeat: () => lastHeartbeat(database.url) }
}

async function lastHeartbeat(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query<{ seen: Date | null }>("SELECT max(seen_at) AS seen FROM workers")
  await client.end()
  return rows[0]?.seen?.getTime() ?? 0
}

interface Proxy {
  url: string
  /** From now on nothing goes through, and no connection ends. */
  swallow(): void
}

async function startProxy(stack: AsyncDisposableStack, target: URL): Promise<Proxy> {
  const sockets = new Set<Socket>()
  let swallowing = false
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on("error", () => undefined)
    }
    near.on("data", (data) => void (swallowing || far.write(data)))
    far.on("data", (data) => void (swallowing || near.write(data)))
    near.on("close", () => far.destroy())
    far.on("close", () => near.destroy())
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  stack.defer(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const url = new URL(target)
  url.port = `${(server.address() as AddressInfo).port}`
  return {
    url: url.href,
    swallow() {
      swallowing = true
    },
  }
}
