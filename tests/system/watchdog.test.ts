import { expect, test } from "vitest"
import { SECOND } from "../../src/utils/time.ts"
import { startProxy } from "../abuse/kit/proxy.ts"
import { openDatabase, startProcess, testStack } from "./kit.ts"
import { fixture, query } from "./programs.ts"

const WATCHDOG_SECONDS = 3

test.skipIf(process.platform === "win32")(
  "a worker whose event loop is blocked is killed from within",
  async () => {
    const { worker } = await startWorkerProcess({ flags: [`--import=${fixture("block-on-signal.mjs")}`] })
    const blockedAt = performance.now()
    process.kill(worker.pid, "SIGUSR2")
    expect(await worker.ended).toEqual({ code: null, signal: "SIGKILL" })
    expect(performance.now() - blockedAt).toBeGreaterThan((WATCHDOG_SECONDS - 1) * SECOND)
    expect(worker.output()).toContain("event loop blocked; killing the process")
  },
)

test("a worker whose loops hang ends with code 1: its database takes everything and answers nothing", async () => {
  const { worker, proxy } = await startWorkerProcess({ behindProxy: true })
  proxy?.hold()
  expect(await worker.ended).toEqual({ code: 1, signal: null })
  expect(worker.output()).toMatch(
    /"loop":"(sweep of running replies|heartbeat)".*worker loop hangs; stopping/,
  )
})

test.skipIf(process.platform === "win32")(
  "a worker that is paused for longer and goes on has missed nothing",
  async () => {
    const { worker, heartbeat } = await startWorkerProcess({})
    process.kill(worker.pid, "SIGSTOP")
    // Nothing tells that time has passed in a process that stands still, so this waits.
    await new Promise((resolve) => setTimeout(resolve, (WATCHDOG_SECONDS + 2) * SECOND))
    process.kill(worker.pid, "SIGCONT")
    const resumedAt = Date.now()
    await expect.poll(heartbeat).toBeGreaterThan(resumedAt)
    // Twice as long as it would have taken to be found stuck.
    await expect
      .poll(heartbeat, { timeout: 20 * SECOND })
      .toBeGreaterThan(resumedAt + 2 * WATCHDOG_SECONDS * SECOND)
    expect(worker.isAlive()).toBe(true)
    expect(await worker.kill("SIGTERM")).toEqual({ code: 0, signal: null })
  },
)

/** Starts a worker with a `heartbeat`, which tells when the worker last said that it lives, in ms. */
async function startWorkerProcess({ flags = [] as string[], behindProxy = false }) {
  const stack = testStack()
  const databaseUrl = await openDatabase(stack)
  const proxy = behindProxy ? await startProxy(databaseUrl) : null
  stack.defer(() => proxy?.close())
  const env = {
    DATABASE_URL: proxy?.url ?? databaseUrl,
    JWT_SECRET: "x".repeat(32),
    WATCHDOG_SECONDS: String(WATCHDOG_SECONDS),
  }
  const worker = await startProcess(stack, { entry: "src/worker.ts", flags, env })
  await worker.printed("The worker is running")
  const heartbeat = async () => {
    const [row] = await query(databaseUrl, "SELECT max(seen_at) AS seen FROM workers")
    return row?.seen instanceof Date ? row.seen.getTime() : 0
  }
  return { worker, proxy, heartbeat }
}
