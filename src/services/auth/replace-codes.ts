import pg from "pg"
import type { Config } from "../../config/env.ts"
import type { Timing } from "../../config/timing.ts"
import { BUDGET_WINDOW_MS, budgetsSql, budgetValues, type Standing } from "./otp-budgets.ts"
import type { Purpose } from "./otp-codes.ts"

export interface NewCode {
  /** E.164. */
  mobileNumber: string
  purpose: Purpose
  hash: Buffer
  /** Who asks for it, where the number isn't theirs; null: anybody. */
  userId: string | null
  /** What the number is counted by. */
  numberKey: string
  /** The client's, normalized as for rate limits. */
  address: string
  /** The number's range. */
  range: string
}

export interface CodeSettings {
  config: Pick<Config, "otp">
  timing: Pick<Timing, "otp">
}

/** What became of a code: it replaced the last one, or must wait for it, or a daily limit is reached for some seconds. */
export type CodeOutcome =
  | { outcome: "replaced"; resendIn: number; standing: Standing }
  | { outcome: "too-early" }
  | { outcome: "over-limit"; seconds: number }

interface Row {
  verified: boolean
  signed_up: boolean
  resend_in: number | null
  seconds: number | null
}

/**
 * Replaces the codes of numbers by one statement, which counts each against its daily limits, exactly, however many
 * processes count at once. Locks are held for as long as the statement takes, without a round trip in between. No number
 * may have two codes of one purpose among them.
 * @returns null if together they would exceed a limit that is reached now: nothing was written. Of a single code that is
 *   reached at most once, because the next statement sees it before it writes
 */
export async function replaceCodes(
  pool: pg.Pool,
  { config, timing }: CodeSettings,
  codes: readonly NewCode[],
): Promise<CodeOutcome[] | null> {
  const { codeLifeMs, firstResendMs, longestResendMs, resendResetMs } = timing.otp
  const values = [
    codes.map(({ mobileNumber }) => mobileNumber),
    codes.map(({ purpose }) => purpose),
    codes.map(({ hash }) => hash),
    codes.map(({ userId }) => userId),
    codes.map(({ numberKey }) => numberKey),
    codes.map(({ address }) => address),
    codes.map(({ range }) => range),
    codeLifeMs,
    firstResendMs,
    longestResendMs,
    resendResetMs,
    BUDGET_WINDOW_MS,
    ...budgetValues(config.otp.daily),
  ]
  try {
    const { rows } = await pool.query<Row>({ name: "replace-codes", text: REPLACE_CODES, values })
    return rows.map(toOutcome)
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === OVER_LIMIT) return null
    throw error
  }
}

function toOutcome({ verified, signed_up, resend_in, seconds }: Row): CodeOutcome {
  if (seconds !== null) return { outcome: "over-limit", seconds }
  if (resend_in === null) return { outcome: "too-early" }
  const standing = verified ? "verified" : signed_up ? "signed_up" : "unknown"
  return { outcome: "replaced", resendIn: resend_in, standing }
}

/** What `over_limit()` raises. */
const OVER_LIMIT = "LIMIT"

/**
 * A limit that is known to be reached refuses its codes before anything is written. One that is found out to be exceeded
 * under its row's lock undoes the statement. A user who has consumed the last code owns the number and needn't wait for
 * another. A number that a user wants to change to is treated alike whosever it is.
 */
const REPLACE_CODES = `
  WITH asked AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::uuid[], $5::text[], $6::text[], $7::text[])
      WITH ORDINALITY AS asked (mobile_number, purpose, code_hash, user_id, number_key, address, range, n)
  ), known AS MATERIALIZED (
    SELECT asked.*, user_id IS NULL AND verified_at IS NOT NULL AS verified,
      user_id IS NOT NULL OR owner.id IS NOT NULL OR waiting.signed_up IS NOT NULL AS signed_up
    FROM asked
      LEFT JOIN LATERAL (
        SELECT id, verified_at FROM users WHERE users.mobile_number = asked.mobile_number LIMIT 1
      ) AS owner ON true
      LEFT JOIN LATERAL (
        SELECT true AS signed_up FROM sign_ups WHERE sign_ups.mobile_number = asked.mobile_number LIMIT 1
      ) AS waiting ON true
  ), budget AS MATERIALIZED (${budgetsSql(13)}
  ), spent AS MATERIALIZED (
    SELECT budget.n, max(extract(epoch FROM counters.ends_at - app_now()))::float8 AS seconds
    FROM budget JOIN counters USING (scope, key)
    WHERE counters.used >= budget.allowed AND counters.ends_at > app_now()
    GROUP BY budget.n
  ), code AS (
    INSERT INTO one_time_codes AS code (mobile_number, purpose, code_hash, expires_at, resend_at, user_id)
    SELECT mobile_number, purpose, code_hash, app_now() + $8 * interval '1 millisecond',
      app_now() + $9 * interval '1 millisecond', user_id
    FROM known WHERE n NOT IN (SELECT n FROM spent)
    ORDER BY mobile_number, purpose
    ON CONFLICT (mobile_number, purpose) DO UPDATE SET
      (user_id, code_hash, expires_at, wrong_guesses, consumed_at, sent_at, sends, resend_at) = (
        SELECT excluded.user_id, excluded.code_hash, excluded.expires_at, 0, NULL::timestamptz, app_now(), next.sends,
          app_now() + least($9 * 2 ^ (next.sends - 1), $10) * interval '1 millisecond'
        FROM (
          SELECT CASE
            WHEN code.consumed_at IS NOT NULL OR code.sent_at < app_now() - $11 * interval '1 millisecond' THEN 1
            ELSE least(code.sends + 1, 10)
          END AS sends
        ) AS next
      )
    WHERE code.resend_at <= app_now() OR code.consumed_at IS NOT NULL
    RETURNING mobile_number, purpose, round(extract(epoch FROM resend_at - app_now()))::int AS resend_in
  ), replaced AS (
    SELECT known.n, code.resend_in FROM code JOIN known USING (mobile_number, purpose)
  ), charge AS MATERIALIZED (
    SELECT rank, scope, key, min(allowed) AS allowed, sum(units)::int AS units
    FROM replaced JOIN budget USING (n) GROUP BY rank, scope, key
  ), counted AS (
    INSERT INTO counters AS counter (scope, key, used, ends_at)
    SELECT scope, key, units, length + date_bin(length, app_now(), '1970-01-01T00:00:00Z')
    FROM charge, LATERAL (SELECT $12 * interval '1 millisecond' AS length) AS own
    ORDER BY rank, key
    ON CONFLICT (scope, key) DO UPDATE SET
      used = CASE WHEN counter.ends_at <= app_now() THEN 0 ELSE counter.used END + excluded.used,
      ends_at = CASE WHEN counter.ends_at <= app_now() THEN excluded.ends_at ELSE counter.ends_at END
    RETURNING scope, key, used
  )
  SELECT verified, signed_up, resend_in, seconds, (
    SELECT over_limit() FROM counted JOIN charge USING (scope, key)
    WHERE counted.used > charge.allowed - CASE WHEN charge.units = 0 THEN 1 ELSE 0 END LIMIT 1
  ) AS fits
  FROM known LEFT JOIN replaced USING (n) LEFT JOIN spent USING (n) ORDER BY n`
