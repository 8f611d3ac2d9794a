import type { Context } from "../../context.ts"

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
 * Counts a call to the provider that is about to be made, by all workers together and by the database's clock; every
 * model and every attempt counts. Where there is no limit it does nothing.
 * @throws {RpmLimitReached}
 */
export async function countCall(ctx: Context): Promise<void> {
  const { requestsPerMinute } = ctx.config.gemini
  if (requestsPerMinute === null) return
  const { rows } = await ctx.db.pool.query<{ taken: boolean; wait_ms: number }>({
    name: "take-call",
    text: TAKE,
    values: [requestsPerMinute],
  })
  if (!rows[0]?.taken) throw new RpmLimitReached(rows[0]?.wait_ms ?? 0)
}

const TAKE = `
  WITH taken AS (
    INSERT INTO provider_calls AS c (minute, used) VALUES (date_trunc('minute', now()), 1)
    ON CONFLICT (minute) DO UPDATE SET used = c.used + 1 WHERE c.used < $1
    RETURNING 1
  )
  SELECT EXISTS (SELECT FROM taken) AS taken,
    ceil(extract(epoch FROM date_trunc('minute', now()) + interval '1 minute' - now()) * 1000)::int AS wait_ms`
