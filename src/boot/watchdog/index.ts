import { url as inspectorUrl } from "node:inspector"
import { Worker } from "node:worker_threads"
import type { Logger } from "../../config/logger.ts"
import { TIMING } from "../../config/timing.ts"

export interface Watchdog {
  /** Reports that the loop `name` is alive. After its first beat a loop must keep beating. */
  beat(name: string): void
  close(): Promise<void>
}

export interface WatchdogOptions {
  /** How long the event loop may be blocked, or a loop go without a beat. */
  timeoutMs: number
  log: Logger
  /** Called when a loop stops beating; the process should stop and report failure. */
  onWedged(): void
}

const BEATS_PER_TIMEOUT = 10

/**
 * Ends a stuck process so that its supervisor restarts it. If the event loop is blocked, a separate thread sends SIGKILL;
 * if only a loop hangs, `onWedged` stops the process gracefully. Does nothing if a debugger is attached at the start,
 * because a breakpoint looks like a blocked event loop.
 */
export function startWatchdog({ timeoutMs, log, onWedged }: WatchdogOptions): Watchdog {
  if (inspectorUrl()) return { beat: () => undefined, close: async () => undefined }
  const beats = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  const checkEveryMs = Math.min(TIMING.worker.watchdogCheckMs, timeoutMs / BEATS_PER_TIMEOUT)
  const thread = startThread({ beats, checkEveryMs: 2 * checkEveryMs, timeoutMs }, log)
  // Counts checks rather than time, because a suspended process misses no check.
  const silentRounds = new Map<string, number>()
  const timer = setInterval(() => {
    Atomics.add(beats, 0, 1)
    for (const [name, rounds] of silentRounds) {
      silentRounds.set(name, rounds + 1)
      if (rounds * checkEveryMs < timeoutMs) continue
      log.fatal({ loop: name, timeoutMs }, "worker loop hangs; stopping")
      silentRounds.clear()
      return onWedged()
    }
  }, checkEveryMs)
  timer.unref()
  return {
    beat: (name) => void silentRounds.set(name, 0),
    async close() {
      clearInterval(timer)
      await thread.terminate()
    },
  }
}

const LIMITS = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2, stackSizeMb: 1 }

function startThread(workerData: object, log: Logger): Worker {
  // What is preloaded into the process isn't for it.
  const options = { workerData, resourceLimits: LIMITS, execArgv: [] }
  const thread = new Worker(new URL("./thread.js", import.meta.url), options)
  thread.on("error", (err) => log.error({ err }, "watchdog failed; the event loop is no longer watched"))
  thread.unref()
  return thread
}
