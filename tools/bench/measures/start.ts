import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { pause, SECOND } from "../../../src/utils/time.ts"
import { isOk } from "../../lib/child.ts"
import { freePort } from "../../lib/redis-server.ts"
import { until } from "../../lib/until.ts"
import { median } from "../helpers/compare.ts"
import { familyOf, memoryOf } from "../helpers/processes.ts"

/** Of a warm `npm start` without any configuration: to the first answer, and the memory of all that it has started. */
export const START_GOALS = { ms: 1_200, bytes: 200 * 2 ** 20 }

const ROOT = resolve(import.meta.dirname, "../../..")

/** Connections that only the start needed are closed by then (`postgres.idleConnectionMs`). */
const SETTLE_MS = 40 * SECOND

/** The first start makes the database, on whatever else the machine does. */
const START_WITHIN_MS = 120 * SECOND

export interface Starts {
  /** From the call of `npm start` to the first answer: of each start but the first, which makes the database. */
  ms: number[]
  /** Without npm, which costs as much in every project. */
  withoutNpmMs: number[]
  /** Of the service, its PostgreSQL and the simulators. */
  bytes: number
}

export async function measureStarts(rounds: number): Promise<Starts> {
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), "chat-start-"))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const npm = ["npm", "start", "--silent"]
  const launcher = [process.execPath, "--max-semi-space-size=16", "bin/run.mjs", "src/server.ts"]
  await startOnce(folder, npm)
  const found: Starts = { ms: [], withoutNpmMs: [], bytes: 0 }
  for (let n = 0; n < rounds; n++) {
    found.ms.push((await startOnce(folder, npm)).ms)
    found.withoutNpmMs.push((await startOnce(folder, launcher)).ms)
  }
  found.bytes = (await startOnce(folder, launcher, SETTLE_MS)).bytes
  return found
}

/** Starts the service, reads its memory after `settleMs`, and stops it. */
async function startOnce(dataDir: string, [command = "", ...args]: string[], settleMs = 0) {
  const port = String(await freePort())
  const { PATH, HOME } = process.env
  const startedAt = performance.now()
  const child = spawn(command, args, {
    cwd: ROOT,
    env: { PATH, HOME, PORT: port, DATA_DIR: dataDir },
    stdio: "ignore",
    detached: true,
  })
  const ended = once(child, "exit")
  try {
    await until("the service answers", () => isOk(`http://127.0.0.1:${port}/health/live`), {
      timeoutMs: START_WITHIN_MS,
      everyMs: 5,
    })
    const ms = performance.now() - startedAt
    await pause(settleMs)
    return { ms, bytes: settleMs > 0 ? memoryOf(familyOf(child.pid as number)) : 0 }
  } finally {
    child.kill("SIGTERM")
    await ended
  }
}

export function startLine({ ms, withoutNpmMs, bytes }: Starts): string {
  const met = (is: boolean) => (is ? "met" : "missed")
  const seconds = (values: number[]) => `${(median(values) / SECOND).toFixed(2)} s`
  const megabytes = (value: number) => `${Math.round(value / 2 ** 20)} MB`
  return [
    `${seconds(ms)} (goal ${START_GOALS.ms / SECOND} s ${met(median(ms) <= START_GOALS.ms)})`,
    `${seconds(withoutNpmMs)} without npm`,
    `then ${megabytes(bytes)} (goal ${megabytes(START_GOALS.bytes)} ${met(bytes <= START_GOALS.bytes)})`,
  ].join(", ")
}
