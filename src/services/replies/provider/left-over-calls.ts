import { MINUTE } from "../../../utils/time.ts"
import type { Context } from "../../context.ts"
import { countUnit } from "../../platform/counters.ts"
import { callsCounter } from "./rpm-limit.ts"

/** Before this part of a minute has passed nobody knows what replies will leave of its calls. */
const LAST_PART = 0.75

/**
 * Counts a call that isn't for a reply, if the minute has one to spare: not before its last quarter, and only as long
 * as fewer calls were made than an even pace would have made by then. Without `GEMINI_RPM` there always is one.
 * @returns false when the call must not be made now
 */
export async function takeLeftOverCall(ctx: Context): Promise<boolean> {
  const { requestsPerMinute } = ctx.config.gemini
  if (requestsPerMinute === null) return true
  const { rows } = await ctx.db.execute<{ part: number }>("part-of-minute", PART, [MINUTE])
  const part = rows[0]?.part ?? 0
  const limit = Math.floor(requestsPerMinute * part)
  if (part < LAST_PART || limit < 1) return false
  return countUnit(ctx.db.pool, [callsCounter(limit)])
}

/** By the clock that `GEMINI_RPM` is counted by. */
const PART = `
  SELECT extract(epoch FROM app_now() - date_bin(length, app_now(), '1970-01-01T00:00:00Z'))::float8
    / extract(epoch FROM length)::float8 AS part
  FROM (SELECT $1::float8 * interval '1 millisecond' AS length) AS minute`
