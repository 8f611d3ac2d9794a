import type pg from "pg"
import { inTransaction } from "../../config/database.ts"
import { CurrentPasswordInvalid, Unauthenticated } from "../../utils/errors.ts"
import type { Context } from "../context.ts"
import { announceEnded, markSessionsEnded } from "./end-sessions.ts"
import { countLoginAttempt, uncountLoginAttempt } from "./login-throttle.ts"
import { checkNewPassword, hashPassword, isPassword } from "./passwords.ts"
import type { Principal } from "./principal.ts"

export interface ChangePassword {
  user: Principal
  newPassword: string
  currentPassword: string | undefined
  address: string
}

/** What is known of the caller when the change is asked for. */
interface Standing {
  mobileNumber: string
  passwordHash: string | null
  /** The session was opened by a code a moment ago, which says as much as a password. */
  justProven: boolean
}

/**
 * Sets the user's password and ends their other sessions.
 * @throws {InvalidRequest} for a password that can't be set
 * @throws {CurrentPasswordInvalid} when the current one is needed and is missing or wrong
 * @throws {RateLimited} after too many wrong guesses at it
 */
export async function changePassword(ctx: Context, change: ChangePassword): Promise<void> {
  checkNewPassword(change.newPassword)
  const standing = await findStanding(ctx, change.user)
  if (standing.passwordHash !== null && !standing.justProven) await proveCurrent(ctx, change, standing)
  const passwordHash = await hashPassword(ctx.config, change.newPassword)
  const sessionIds = await inTransaction(ctx.db.pool, (client) =>
    apply(ctx, client, change.user, standing, passwordHash),
  )
  announceEnded(ctx, { userId: change.user.userId, sessionIds, why: "password_changed" })
  ctx.events.passwordChanged({ userId: change.user.userId })
}

async function findStanding(ctx: Context, { userId, sessionId }: Principal): Promise<Standing> {
  const { rows } = await ctx.db.pool.query<Standing>(
    `SELECT mobile_number AS "mobileNumber", password_hash AS "passwordHash",
       opened_by = 'otp' AND sessions.created_at > app_now() - $3 * interval '1 millisecond' AS "justProven"
     FROM sessions JOIN users ON users.id = sessions.user_id
     WHERE sessions.user_id = $2 AND sessions.id = $1 AND users.id = $2 AND ended_at IS NULL AND deleted_at IS NULL`,
    [sessionId, userId, ctx.timing.auth.recentCodeMs],
  )
  if (!rows[0]) throw new Unauthenticated()
  return rows[0]
}

async function proveCurrent(ctx: Context, { currentPassword, address }: ChangePassword, standing: Standing) {
  if (currentPassword === undefined) throw new CurrentPasswordInvalid()
  const guesser = { mobileNumber: standing.mobileNumber, address }
  await countLoginAttempt(ctx, guesser)
  if (!(await isPassword(ctx.config, currentPassword, standing.passwordHash)))
    throw new CurrentPasswordInvalid()
  await uncountLoginAttempt(ctx.db.pool, guesser)
}

/**
 * Computing took a while: somebody who has reset the password or ended this session meanwhile has the last word.
 * The user's row is locked first, so that the statements after it see all that.
 */
async function apply(
  ctx: Context,
  client: pg.ClientBase,
  { userId, sessionId }: Principal,
  standing: Standing,
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
    [userId, passwordHash, standing.justProven, standing.passwordHash],
  )
  if (updated.rowCount === 0) throw new CurrentPasswordInvalid()
  return markSessionsEnded(client, ctx.timing, { userId, except: sessionId })
}
