import { MINUTE, SECOND } from "../../../utils/time.ts"
import type { Context } from "../../context.ts"
import { type Counter, countUnit, secondsUntilFree } from "../../platform/counters.ts"

/** As many calls as `GEMINI_RPM` allows were made in this minute. */
export class RpmLimitReached extends Error {
  /** Until the next minute. */
  readonly waitMs: number

  constructor(waitMs: number) {
    super("no more calls to the provider in this minute")
    this.waitMs = waitMs
  }
}

/**
 * Counts a call to the provider that is about to be made, by all workers together and on the database's clock; every
 * model and every attempt counts. Where there is no limit it does nothing.
 * @throws {RpmLimitReached}
 */
export async function countCall(ctx: Context): Promise<void> {
  const { requestsPerMinute: limit } = ctx.config.gemini
  if (limit === null) return
  const calls: Counter = { scope: "gemini_calls", key: "", limit, windowMs: MINUTE, from: "clock" }
  if (await countUnit(ctx.db.pool, [calls])) return
  const seconds = await secondsUntilFree(ctx.db.pool, [calls])
  throw new RpmLimitReached(Math.ceil(Math.max(0, seconds) * SECOND))
}
