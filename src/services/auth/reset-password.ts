import type pg from "pg"
import { inTransaction } from "../../config/database.ts"
import { OtpInvalid } from "../../utils/errors.ts"
import type { Context } from "../context.ts"
import { CHECK_OTP, checkOtpValues, type OtpAttempt } from "./check-otp.ts"
import { markSessionsEnded, recordEndedSessions } from "./end-sessions.ts"
import { readMobileNumber } from "./mobile-number.ts"
import { checkNewPassword } from "./passwords.ts"
import { personSql, personValues, recordSignUp } from "./prove-number.ts"

export interface ResetPassword {
  mobileNumber: string
  otp: string
  newPassword: string
  /** The client's IP address, normalized as for rate limits. */
  address: string
}

/**
 * Sets a new password with a reset code, and ends all of the user's sessions.
 * @throws {InvalidRequest} for a password that is too short or too long; the code stays valid
 * @throws {OtpInvalid} as `verifyOtp` does
 * @throws {Unavailable} when too many passwords are being hashed; the code stays valid
 */
export async function resetPassword(
  ctx: Context,
  { mobileNumber, otp, newPassword, address }: ResetPassword,
) {
  const number = readMobileNumber(mobileNumber, ctx.config.defaultRegion)
  checkNewPassword(newPassword)
  const attempt: OtpAttempt = { mobileNumber: number, otp, purpose: "password_reset" }
  // Spares the cost of a hash for a wrong code. Only `applyReset` checks the code for good.
  const passwordHash = (await isLiveCode(ctx, attempt))
    ? await ctx.passwords.hash(newPassword, address)
    : null
  const person = personValues(ctx, { mobileNumber: number, address })
  const reset = await inTransaction(ctx.db.pool, (client) =>
    applyReset(ctx, client, { attempt, person, passwordHash }),
  )
  if (!reset) throw new OtpInvalid()
  recordSignUp(ctx, reset.userId, person)
  recordEndedSessions(ctx, { ...reset, why: "password_reset" })
  ctx.events.passwordChanged({ userId: reset.userId })
}

async function isLiveCode(ctx: Context, attempt: OtpAttempt): Promise<boolean> {
  const { rowCount } = await ctx.db.pool.query({
    name: "find-live-code",
    text: `SELECT 1 FROM one_time_codes WHERE mobile_number = $1 AND purpose = ANY ($2::text[])
      AND code_hash = ANY ($3::bytea[]) AND consumed_at IS NULL AND expires_at > app_now() AND wrong_guesses < $4`,
    values: checkOtpValues(ctx.tokens, attempt),
  })
  return rowCount === 1
}

/** @returns null for an invalid code, whose wrong guess is still counted */
async function applyReset(ctx: Context, client: pg.ClientBase, { attempt, person, passwordHash }: Reset) {
  const { rows } = await client.query<{ id: string }>({
    name: "prove-number",
    text: PROVE_NUMBER,
    values: [...checkOtpValues(ctx.tokens, attempt), ...person],
  })
  const userId = rows[0]?.id
  if (!userId || passwordHash === null) return null
  await client.query("UPDATE users SET password_hash = $2, updated_at = now() WHERE id = $1", [
    userId,
    passwordHash,
  ])
  return { userId, sessionIds: await markSessionsEnded(client, ctx.timing, { userId }) }
}

interface Reset {
  attempt: OtpAttempt
  person: ReturnType<typeof personValues>
  passwordHash: string | null
}

const PROVE_NUMBER = `WITH checked AS (${CHECK_OTP}), ${personSql(5)} SELECT id FROM person`
