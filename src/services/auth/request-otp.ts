import { setImmediate } from "node:timers/promises"
import type pg from "pg"
import { inTransaction } from "../../config/database.ts"
import type { Timing } from "../../config/timing.ts"
import { RateLimited } from "../../utils/errors.ts"
import { SECOND } from "../../utils/time.ts"
import type { Context } from "../context.ts"
import { mayShowCodes } from "./code-visibility.ts"
import { checkSendable, readMobileNumber } from "./mobile-number.ts"
import { chargeBudgets, type Standing } from "./otp-budgets.ts"
import { newCode, type Purpose } from "./otp-codes.ts"
import type { Principal } from "./principal.ts"

export interface RequestOtp {
  mobileNumber: string
  purpose: Purpose
  /** Who asks for a code to a number that isn't theirs yet. It is sent to any number. */
  holder?: Principal
  /** The client's IP address, normalized as for rate limits. */
  address: string
  /** The Host header, on which it depends whether the code may be in the response. */
  host: string | undefined
}

export interface OtpSent {
  /** Seconds until the code expires. */
  expiresIn: number
  /** Seconds until another code may be requested. */
  resendIn: number
  /** Set only where codes are delivered in the response. */
  otp?: string
}

/**
 * Creates a one-time code, which replaces the number's previous code of that purpose, and sends it if the number is
 * signed up. For an unknown number the work, the response and its time are the same.
 * @throws {InvalidRequest} for an invalid phone number, or a country that codes aren't sent to
 * @throws {RateLimited} when the last code was sent recently, or a daily limit is reached
 */
export async function requestOtp(
  ctx: Context,
  { mobileNumber, purpose, holder, address, host }: RequestOtp,
): Promise<OtpSent> {
  const { config } = ctx
  const number = readMobileNumber(mobileNumber, config.defaultRegion)
  checkSendable(number, config.otp.regions)
  const code = newCode()
  const hash = ctx.tokens.codes.hash({ mobileNumber: number, purpose, code, holder })
  const { resendIn, standing } = await inTransaction(ctx.db.pool, async (client) => {
    const replaced = await replaceCode(client, ctx.timing.otp, {
      number,
      purpose,
      hash,
      userId: holder?.userId ?? null,
    })
    // A number that somebody wants to change to is treated alike whosever it is.
    const standing = holder ? "signed_up" : replaced.standing
    const numberKey = ctx.tokens.numbers.key(number)
    const request = { mobileNumber: number, numberKey, address, standing, userId: holder?.userId ?? null }
    await chargeBudgets(client, config.otp.daily, request)
    return { ...replaced, standing }
  })
  ctx.background.run("send one-time code", async () => {
    // After the response, so that its time doesn't show whether a code is sent.
    await setImmediate()
    if (standing !== "unknown") await ctx.otpSender.send({ mobileNumber: number, code })
  })
  const mayShow = mayShowCodes(config, host)
  if (config.otp.delivery === "response" && !mayShow)
    ctx.log.warn("code not shown: Host is neither localhost, an address nor PUBLIC_URL's")
  return {
    expiresIn: ctx.timing.otp.codeLifeMs / SECOND,
    resendIn,
    ...(mayShow ? { otp: code } : {}),
  }
}

interface NewCode {
  number: string
  purpose: Purpose
  hash: Buffer
  /** Who asks for it, where the number isn't theirs. */
  userId: string | null
}

async function replaceCode(
  client: pg.ClientBase,
  timing: Timing["otp"],
  { number, purpose, hash, userId }: NewCode,
) {
  const { rows } = await client.query<{ resend_in: number; verified: boolean; signed_up: boolean }>({
    name: "replace-code",
    text: REPLACE_CODE,
    values: [
      number,
      purpose,
      hash,
      timing.codeLifeMs,
      timing.firstResendMs,
      timing.longestResendMs,
      timing.resendResetMs,
      userId,
    ],
  })
  const [row] = rows
  if (!row) throw new RateLimited(await secondsToWait(client, number, purpose))
  const standing: Standing = row.verified ? "verified" : row.signed_up ? "signed_up" : "unknown"
  return { resendIn: row.resend_in, standing }
}

/** A user who has consumed the last code owns the number and needn't wait for another. */
const REPLACE_CODE = `
  INSERT INTO one_time_codes AS code (mobile_number, purpose, code_hash, expires_at, resend_at, user_id)
  VALUES ($1, $2, $3, app_now() + $4 * interval '1 millisecond', app_now() + $5 * interval '1 millisecond', $8)
  ON CONFLICT (mobile_number, purpose) DO UPDATE SET
    (user_id, code_hash, expires_at, wrong_guesses, consumed_at, sent_at, sends, resend_at) = (
      SELECT excluded.user_id, excluded.code_hash, excluded.expires_at, 0, NULL::timestamptz, app_now(), next.sends,
        app_now() + least($5 * 2 ^ (next.sends - 1), $6) * interval '1 millisecond'
      FROM (
        SELECT CASE
          WHEN code.consumed_at IS NOT NULL OR code.sent_at < app_now() - $7 * interval '1 millisecond' THEN 1
          ELSE least(code.sends + 1, 10)
        END AS sends
      ) AS next
    )
  WHERE code.resend_at <= app_now() OR code.consumed_at IS NOT NULL
  RETURNING round(extract(epoch FROM resend_at - app_now()))::int AS resend_in,
    EXISTS (SELECT FROM users WHERE mobile_number = $1 AND verified_at IS NOT NULL) AS verified,
    EXISTS (SELECT FROM sign_ups WHERE mobile_number = $1 UNION ALL SELECT FROM users WHERE mobile_number = $1)
      AS signed_up`

async function secondsToWait(client: pg.ClientBase, number: string, purpose: Purpose): Promise<number> {
  const { rows } = await client.query<{ seconds: number }>(
    `SELECT extract(epoch FROM resend_at - app_now())::float8 AS seconds
     FROM one_time_codes WHERE mobile_number = $1 AND purpose = $2`,
    [number, purpose],
  )
  return rows[0]?.seconds ?? 1
}
