import type { Context } from "../../context.ts"

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
