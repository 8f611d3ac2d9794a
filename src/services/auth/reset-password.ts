import type pg from "pg"
import { inTransaction } from "../../config/database.ts"
import { OtpInvalid } from "../../utils/errors.ts"
import type { Context } from "../context.ts"
import { CHECK_OTP, checkOtpValues, type Guess } from "./check-otp.ts"
import { announceEnded, markSessionsEnded } from "./end-sessions.ts"
import { readMobileNumber } from "./mobile-number.ts"
import { checkNewPassword, hashPassword } from "./passwords.ts"

export interface ResetPassword {
  mobileNumber: string
  otp: string
  newPassword: string
}

/**
 * Sets a new password by a code that was sent for that, and ends all of the user's sessions.
 * @throws {InvalidRequest} for a password that can't be set; the code is still good then
 * @throws {OtpInvalid} as `verifyOtp` does
 * @throws {Unavailable} when too many passwords are being computed; the code is still good then
 */
export async function resetPassword(
  ctx: Context,
  { mobileNumber, otp, newPassword }: ResetPassword,
): Promise<void> {
  const number = readMobileNumber(mobileNumber, ctx.config.defaultRegion)
  checkNewPassword(newPassword)
  const guess: Guess = { mobileNumber: number, otp, purpose: "password_reset" }
  // A wrong code isn't worth computing a hash for. This only looks: what it sees is judged below.
  const passwordHash = (await looksRight(ctx, guess)) ? await hashPassword(ctx.config, newPassword) : null
  const done = await inTransaction(ctx.db.pool, (client) => applyReset(ctx, client, guess, passwordHash))
  if (!done) throw new OtpInvalid()
  announceEnded(ctx, { ...done, why: "password_reset" })
  ctx.events.passwordChanged({ userId: done.userId })
}

async function looksRight(ctx: Context, guess: Guess): Promise<boolean> {
  const { rowCount } = await ctx.db.pool.query({
    name: "look-at-code",
    text: `SELECT 1 FROM one_time_codes WHERE mobile_number = $1 AND purpose = ANY ($2::text[])
      AND code_hash = ANY ($3::bytea[]) AND consumed_at IS NULL AND expires_at > app_now() AND wrong_guesses < $4`,
    values: checkOtpValues(ctx.tokens, guess),
  })
  return rowCount === 1
}

/** @returns null when the code was no good; that it was guessed at is kept */
async function applyReset(ctx: Context, client: pg.ClientBase, guess: Guess, passwordHash: string | null) {
  const { rows } = await client.query<{ hit: boolean }>({
    name: "check-otp",
    text: CHECK_OTP,
    values: checkOtpValues(ctx.tokens, guess),
  })
  if (!rows[0]?.hit || passwordHash === null) return null
  const updated = await client.query<{ id: string }>(
    `UPDATE users SET password_hash = $2, verified_at = coalesce(verified_at, now()), updated_at = now()
     WHERE mobile_number = $1 RETURNING id`,
    [guess.mobileNumber, passwordHash],
  )
  const userId = updated.rows[0]?.id
  if (!userId) return null
  return { userId, sessionIds: await markSessionsEnded(client, ctx.timing, { userId }) }
}
