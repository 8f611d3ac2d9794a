import type { Logger } from "../../config/logger.ts"

/**
 * The database's time, by which all processes judge a token, whatever their machines' clocks say. Between two readings
 * it runs with this process, also while the machine's clock is being set.
 */
export interface DatabaseClock {
  /** Milliseconds since 1970. Before the first reading, the machine's. */
  now(): number
  /** Takes a reading, made between `startedAt` and `endedAt` by `performance.now()`. */
  set(readingMs: number, startedAt: number, endedAt: number): void
}

/** Creates the clock. It logs once when the machine's clock is off by more than `toleranceMs`. */
export function createDatabaseClock(toleranceMs: number, log: Logger): DatabaseClock {
  let originMs = Date.now() - performance.now()
  let isReported = false
  return {
    now: () => originMs + performance.now(),
    set(readingMs, startedAt, endedAt) {
      originMs = readingMs - (startedAt + endedAt) / 2
      const aheadMs = Math.round(Date.now() - originMs - endedAt)
      if (Math.abs(aheadMs) <= toleranceMs || isReported) return
      isReported = true
      log.warn({ aheadMs }, "this machine's clock differs from the database's, by which tokens are judged")
    },
  }
}
