import type pg from "pg"
import { inTransaction } from "../../config/database.ts"
import { CurrentPasswordInvalid, Unauthenticated } from "../../utils/errors.ts"
import type { Context } from "../context.ts"
import { markSessionsEnded, recordEndedSessions } from "./end-sessions.ts"
import { countLoginAttempt, uncountLoginAttempt } from "./login-throttle.ts"
import { checkNewPassword } from "./passwords.ts"
import type { Principal } from "./principal.ts"

export interface ChangePassword {
  user: Principal
  newPassword: string
  currentPassword: string | undefined
  address: string
}

/** The user's credentials when the change is requested. */
interface Credentials {
  mobileNumber: string
  passwordHash: string | null
  /** The session was opened recently by a one-time code, which proves as much as a password. */
  justProven: boolean
}

/**
 * Sets the user's password and ends their other sessions.
 * @throws {InvalidRequest} for a new password that is too short or too long
 * @throws {CurrentPasswordInvalid} when the current password is required and is missing or wrong
 * @throws {RateLimited} after too many wrong ones
 * @throws {Unavailable} when too many passwords are being hashed
 */
export async function changePassword(ctx: Context, change: ChangePassword): Promise<void> {
  checkNewPassword(change.newPassword)
  const current = await findCredentials(ctx, change.user)
  if (current.passwordHash !== null && !current.justProven) await checkCurrent(ctx, change, current)
  const passwordHash = await ctx.passwords.hash(change.newPassword, change.address)
  const sessionIds = await inTransaction(ctx.db.pool, (client) =>
    apply(ctx, client, change.user, current, passwordHash),
  )
  recordEndedSessions(ctx, { userId: change.user.userId, sessionIds, why: "password_changed" })
  ctx.events.passwordChanged({ userId: change.user.userId })
}

async function findCredentials(ctx: Context, { userId, sessionId }: Principal): Promise<Credentials> {
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

async function checkCurrent(
  ctx: Context,
  { currentPassword, address }: ChangePassword,
  current: Credentials,
) {
  if (currentPassword === undefined) throw new CurrentPasswordInvalid()
  const attempt = { mobileNumber: current.mobileNumber, address }
  await countLoginAttempt(ctx, attempt)
  if (!(await ctx.passwords.matches(currentPassword, current.passwordHash, address)))
    throw new CurrentPasswordInvalid()
  await uncountLoginAttempt(ctx, ctx.db.pool, attempt)
}

/**
 * Sets the password unless it was reset or the session ended while the hash was computed. The user's row is locked
 * first, so that the following statements see such a change.
 */
async function apply(
  ctx: Context,
  client: pg.ClientBase,
  { userId, sessionId }: Principal,
  current: Credentials,
  passwordHash: string,
) {
  await client.query("SELECT 1 FROM users WHERE id = $1 FOR NO KEY UPDATE", [userId])
  const session = await client.query(
    "SELECT 1 FROM sessions WHERE user_id = $1 AND id = $2 AND ended_at IS NULL",
    [userId, sessionId],
  )
  if (session.rowCount === 0) throw new Unauthenticated()
  const updated = await client.query(
    `UPDATE users SET password_hash = $2, updated_at = now()
     WHERE id = $1 AND deleted_at IS NULL AND ($3 OR password_hash IS NOT DISTINCT FROM $4)`,
    [userId, passwordHash, current.justProven, current.passwordHash],
  )
  if (updated.rowCount === 0) throw new CurrentPasswordInvalid()
  return markSessionsEnded(client, ctx.timing, { userId, except: sessionId })
}
