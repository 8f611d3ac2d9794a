import { MINUTE, SECOND } from "../../../utils/time.ts"
import type { Context } from "../../context.ts"
import { type Counter, countUnit, secondsUntilFree } from "../../platform/counters.ts"

/** All calls that `GEMINI_RPM` allows in this minute have been made. */
export class RpmLimitReached extends Error {
  /** Time until the next minute. */
  readonly waitMs: number

  constructor(waitMs: number) {
    super("no more calls to the provider in this minute")
    this.waitMs = waitMs
  }
}

/**
 * Counts a call before it is made. The limit is shared by all workers, models and attempts, and its minutes are the
 * database's. Without a limit nothing is counted.
 * @throws {RpmLimitReached}
 */
export async function countCall(ctx: Context): Promise<void> {
  const { requestsPerMinute: limit } = ctx.config.gemini
  if (limit === null) return
  const calls = callsCounter(limit)
  if (await countUnit(ctx.db.pool, [calls])) return
  const seconds = await secondsUntilFree(ctx.db.pool, [calls])
  throw new RpmLimitReached(Math.ceil(Math.max(0, seconds) * SECOND))
}

/** Counts the calls of all workers in this minute, up to `limit`. */
export function callsCounter(limit: number): Counter {
  return { scope: "gemini_calls", key: "", limit, windowMs: MINUTE, from: "clock" }
}
