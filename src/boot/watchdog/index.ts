import { url as inspectorUrl } from "node:inspector"
import { Worker } from "node:worker_threads"
import type { Logger } from "../../config/logger.ts"
import { TIMING } from "../../config/timing.ts"

export interface Watchdog {
  /** Says that the loop `name` goes round; from the first time on it has to. */
  beat(name: string): void
  close(): Promise<void>
}

export interface WatchdogOptions {
  /** How long the event loop may be blocked, and a loop be silent. */
  timeoutMs: number
  log: Logger
  /** A loop is silent: the process is to stop, and end with a failure. */
  onWedged(): void
}

const BEATS_PER_TIMEOUT = 10

/**
 * Ends a process that is stuck, so that its supervisor starts it again: by SIGKILL, from a thread of its own, when the
 * event loop is blocked; in order, by `onWedged`, when only a loop hangs. Watches nothing while a debugger is
 * attached at the start, since a breakpoint looks the same.
 */
export function startWatchdog({ timeoutMs, log, onWedged }: WatchdogOptions): Watchdog {
  if (inspectorUrl()) return { beat: () => undefined, close: async () => undefined }
  const beats = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  const checkEveryMs = Math.min(TIMING.worker.watchdogCheckMs, timeoutMs / BEATS_PER_TIMEOUT)
  const thread = watchFromBeside({ beats, checkEveryMs: 2 * checkEveryMs, timeoutMs }, log)
  // Rounds missed, not time passed: a process that was paused has missed none.
  const silentRounds = new Map<string, number>()
  const timer = setInterval(() => {
    Atomics.add(beats, 0, 1)
    for (const [name, rounds] of silentRounds) {
      silentRounds.set(name, rounds + 1)
      if (rounds * checkEveryMs < timeoutMs) continue
      log.fatal({ loop: name, timeoutMs }, "a loop of the worker hangs; ending")
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

/** Small: it holds one number. */
const LIMITS = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2, stackSizeMb: 1 }

function watchFromBeside(workerData: object, log: Logger): Worker {
  const thread = new Worker(new URL("./thread.ts", import.meta.url), { workerData, resourceLimits: LIMITS })
  thread.on("error", (err) => log.error({ err }, "the watchdog has ended; nobody watches the event loop"))
  thread.unref()
  return thread
}
