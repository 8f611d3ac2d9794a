import type pg from "pg"
import { inTransaction } from "../../config/database.ts"
import { CurrentPasswordInvalid, Unauthenticated } from "../../utils/errors.ts"
import type { Context } from "../context.ts"
import { type Credentials, checkCurrentPassword, findCredentials } from "./credentials.ts"
import { markSessionsEnded, recordEndedSessions } from "./end-sessions.ts"
import { checkNewPassword } from "./passwords.ts"
import type { Principal } from "./principal.ts"

export interface ChangePassword {
  user: Principal
  newPassword: string
  currentPassword: string | undefined
  address: string
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
  if (current.passwordHash !== null && !current.justProven) await checkCurrentPassword(ctx, change, current)
  const passwordHash = await ctx.passwords.hash(change.newPassword, change.address)
  const sessionIds = await inTransaction(ctx.db.pool, (client) =>
    apply(ctx, client, change.user, current, passwordHash),
  )
  recordEndedSessions(ctx, { userId: change.user.userId, sessionIds, why: "password_changed" })
  ctx.events.passwordChanged({ userId: change.user.userId })
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
