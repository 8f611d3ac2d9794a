import { CurrentPasswordInvalid, Unauthenticated } from "../../utils/errors.ts"
import type { Context } from "../context.ts"
import { countLoginAttempt, uncountLoginAttempt } from "./login-throttle.ts"
import type { Principal } from "./principal.ts"

/** The user's credentials when a change of them is requested. */
export interface Credentials {
  mobileNumber: string
  passwordHash: string | null
  /** The session was opened recently by a one-time code, which proves as much as a password. */
  justProven: boolean
}

/** Reads the credentials of the principal's user. @throws {Unauthenticated} when session or user are gone */
export async function findCredentials(ctx: Context, { userId, sessionId }: Principal): Promise<Credentials> {
  const { rows } = await ctx.db.pool.query<Credentials>(
    `SELECT mobile_number AS "mobileNumber", password_hash AS "passwordHash",
       opened_by = 'otp' AND sessions.created_at > app_now() - $3 * interval '1 millisecond' AS "justProven"
     FROM sessions JOIN users ON users.id = sessions.user_id
     WHERE sessions.user_id = $2 AND sessions.id = $1 AND users.id = $2 AND ended_at IS NULL AND deleted_at IS NULL`,
    [sessionId, userId, ctx.timing.auth.recentCodeMs],
  )
  if (!rows[0]) throw new Unauthenticated()
  return rows[0]
}

/** @throws {CurrentPasswordInvalid} when it is missing or wrong, {RateLimited} after too many wrong ones */
export async function checkCurrentPassword(
  ctx: Context,
  { currentPassword, address }: { currentPassword: string | undefined; address: string },
  current: Credentials,
): Promise<void> {
  if (currentPassword === undefined) throw new CurrentPasswordInvalid()
  const attempt = { mobileNumber: current.mobileNumber, address }
  await countLoginAttempt(ctx, attempt)
  if (!(await ctx.passwords.matches(currentPassword, current.passwordHash, address)))
    throw new CurrentPasswordInvalid()
  await uncountLoginAttempt(ctx, ctx.db.pool, attempt)
}
