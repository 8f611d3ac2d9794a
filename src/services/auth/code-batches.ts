import pg from "pg"
import type { Timing } from "../../config/timing.ts"
import { RateLimited, Unavailable } from "../../utils/errors.ts"
import { BatchBusy, createMicroBatch } from "../../utils/micro-batch.ts"
import type { Standing } from "./otp-budgets.ts"
import { type CodeOutcome, type CodeSettings, type NewCode, replaceCodes } from "./replace-codes.ts"

/** Writes codes that are asked for together in one statement. They share counters, whose rows would make them queue. */
export interface CodeBatches {
  /**
   * Replaces the number's code of that purpose, and counts it.
   * @throws {RateLimited} when the last code was sent recently, or a daily limit is reached: nothing is written
   * @throws {Unavailable} when the statements in flight take too long; nothing was written
   */
  replace(code: NewCode): Promise<Replaced>
}

export interface Replaced {
  /** Seconds until another code may be requested. */
  resendIn: number
  standing: Standing
}

const MAX_SIZE = 32

/** Two statements would wait for the same counters; when one is slow for another reason, a second one begins. */
const MAX_RUNNING = 2
const SPARE_AFTER_MS = 20

export function createCodeBatches(
  pool: pg.Pool,
  settings: CodeSettings & { timing: Pick<Timing, "replies"> },
): CodeBatches {
  /** Returns null for a code that must be written alone, so that the others don't fail with it. */
  async function together(codes: NewCode[]): Promise<(CodeOutcome | null)[]> {
    try {
      return (await replaceCodes(pool, settings, codes)) ?? codes.map(() => null)
    } catch (error) {
      // Only where PostgreSQL has said that it wrote nothing.
      if (error instanceof pg.DatabaseError) return codes.map(() => null)
      throw error
    }
  }

  const microBatch = createMicroBatch({
    run: together,
    maxSize: MAX_SIZE,
    maxRunning: MAX_RUNNING,
    spareAfterMs: SPARE_AFTER_MS,
    maxWaitMs: settings.timing.replies.batchWaitMs,
    keyOf: ({ mobileNumber, purpose }) => `${mobileNumber} ${purpose}`,
  })
  return {
    async replace(code) {
      const found = await microBatch.add(code).catch((error: unknown) => {
        throw error instanceof BatchBusy ? new Unavailable(error) : error
      })
      const outcome = found ?? (await replaceAlone(pool, settings, code))
      if (outcome.outcome === "replaced") return outcome
      if (outcome.outcome === "over-limit") throw new RateLimited(outcome.seconds)
      throw new RateLimited(await secondsToWait(pool, code))
    },
  }
}

async function replaceAlone(pool: pg.Pool, settings: CodeSettings, code: NewCode): Promise<CodeOutcome> {
  const outcomes =
    (await replaceCodes(pool, settings, [code])) ?? (await replaceCodes(pool, settings, [code]))
  // Twice at the edge: others are as quick as the day is over, or the limit is new.
  return outcomes?.[0] ?? { outcome: "over-limit", seconds: 1 }
}

async function secondsToWait(pool: pg.Pool, { mobileNumber, purpose }: NewCode): Promise<number> {
  const { rows } = await pool.query<{ seconds: number }>({
    name: "seconds-to-wait",
    text: `SELECT extract(epoch FROM resend_at - app_now())::float8 AS seconds
      FROM one_time_codes WHERE mobile_number = $1 AND purpose = $2`,
    values: [mobileNumber, purpose],
  })
  return rows[0]?.seconds ?? 1
}
