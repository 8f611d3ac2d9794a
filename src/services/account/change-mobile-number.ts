import pg from "pg"
import { inTransaction } from "../../config/database.ts"
import type { UserRecord } from "../../models/user.ts"
import {
  InvalidRequest,
  MobileNumberTaken,
  OtpInvalid,
  RecentSignInRequired,
  Unauthenticated,
} from "../../utils/errors.ts"
import { CHECK_OTP, checkOtpValues } from "../auth/check-otp.ts"
import { checkCurrentPassword, findCredentials } from "../auth/credentials.ts"
import { markSessionsEnded, recordEndedSessions } from "../auth/end-sessions.ts"
import { readMobileNumber } from "../auth/mobile-number.ts"
import type { Principal } from "../auth/principal.ts"
import { type OtpSent, requestOtp } from "../auth/request-otp.ts"
import { moveTrial } from "../billing/trials.ts"
import type { Context } from "../context.ts"
import { moveUsage } from "../usage/quota.ts"
import { findOwnUser } from "../users/find-user.ts"

export interface RequestNumberChange {
  user: Principal
  mobileNumber: string
  currentPassword: string | undefined
  /** The client's IP address, normalized as for rate limits. */
  address: string
  host: string | undefined
}

/**
 * Sends a code to the number that is to become the user's. Whether the number is another user's doesn't show before the
 * code has proven it.
 * @throws {CurrentPasswordInvalid | RecentSignInRequired} unless the user has just proven who they are: by a password
 *   or, as for `changePassword`, by a session that a code has opened recently
 * @throws {InvalidRequest} for an invalid number, a country that codes aren't sent to, and the user's own number
 * @throws {RateLimited} as `requestOtp` does
 */
export async function requestNumberChange(ctx: Context, change: RequestNumberChange): Promise<OtpSent> {
  const { user, mobileNumber, address, host } = change
  const current = await findCredentials(ctx, user)
  if (!current.justProven) {
    if (current.passwordHash === null) throw new RecentSignInRequired()
    await checkCurrentPassword(ctx, change, current)
  }
  const number = readMobileNumber(mobileNumber, ctx.config.defaultRegion)
  if (number === current.mobileNumber)
    throw new InvalidRequest([{ path: "body.mobileNumber", message: "This is your number already." }])
  return requestOtp(ctx, { mobileNumber: number, purpose: "mobile_number", holder: user, address, host })
}

export interface ConfirmNumberChange {
  user: Principal
  mobileNumber: string
  otp: string
}

/**
 * Gives the user the number that the code proves, and ends their other sessions. Of users who want one number, the
 * table's unique key decides. The old number is free from then on; what it has used today stays with it, as does a trial.
 * @throws {OtpInvalid} for a code that is wrong, used or expired, and for one that another session asked for
 * @throws {MobileNumberTaken} when the number is another user's
 */
export async function confirmNumberChange(
  ctx: Context,
  { user, mobileNumber, otp }: ConfirmNumberChange,
): Promise<UserRecord> {
  const number = readMobileNumber(mobileNumber, ctx.config.defaultRegion)
  // By itself, so that a wrong guess counts and a right one is used up whatever comes after it.
  const attempt = { mobileNumber: number, otp, purpose: "mobile_number", holder: user } as const
  const { rows } = await ctx.db.execute<{ hit: boolean }>(
    "check-new-number",
    CHECK_OTP,
    checkOtpValues(ctx.tokens, attempt),
  )
  if (!rows.some(({ hit }) => hit)) throw new OtpInvalid()
  const sessionIds = await inTransaction(ctx.db.pool, (client) => apply(ctx, client, user, number)).catch(
    (error: unknown) => {
      throw isTaken(error) ? new MobileNumberTaken() : error
    },
  )
  recordEndedSessions(ctx, { userId: user.userId, sessionIds, why: "mobile_number_changed" })
  ctx.events.mobileNumberChanged({ userId: user.userId })
  return findOwnUser(ctx, user.userId)
}

function isTaken(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.constraint === "users_mobile_number_key"
}

/**
 * Locks codes and usage before the user, as sign-in and `deleteUser` do. Two changes of one user can't overlap: each
 * locks the codes of the number that it found, or finds another one under the lock.
 */
async function apply(ctx: Context, client: pg.ClientBase, { userId, sessionId }: Principal, number: string) {
  const { rows } = await client.query<{ number: string | null }>(
    "SELECT mobile_number AS number FROM users WHERE id = $1",
    [userId],
  )
  const old = rows[0]?.number
  if (!old) throw new Unauthenticated()
  await client.query(LOCK_CODES, [[old, number]])
  const [from, to] = [old, number].map((each) => ctx.tokens.numbers.hashes(each)) as [Buffer[], Buffer[]]
  await moveUsage(client, { userId, from, to })
  await moveTrial(client, { userId, from, to })
  const { rowCount } = await client.query(
    `UPDATE users SET mobile_number = $2, verified_at = now(), updated_at = now()
     WHERE id = $1 AND mobile_number = $3 AND suspended_at IS NULL
       AND EXISTS (SELECT FROM sessions WHERE user_id = $1 AND id = $4 AND ended_at IS NULL)`,
    [userId, number, old, sessionId],
  )
  if (rowCount === 0) throw new Unauthenticated()
  await client.query("DELETE FROM sign_ups WHERE mobile_number = $1", [number])
  // Nothing is to tell, until its codes expire, whose number the old one was.
  await client.query("DELETE FROM one_time_codes WHERE mobile_number = $1", [old])
  return markSessionsEnded(client, ctx.timing, { userId, except: sessionId })
}

const LOCK_CODES = `
  SELECT 1 FROM one_time_codes WHERE mobile_number = ANY ($1::text[]) ORDER BY mobile_number, purpose FOR UPDATE`
