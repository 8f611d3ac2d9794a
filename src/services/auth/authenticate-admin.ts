import { createHash, timingSafeEqual } from "node:crypto"
import { Unauthenticated } from "../../utils/errors.ts"
import type { Context } from "../context.ts"
import { readAdminSession } from "./admin-session.ts"
import { authenticateToken } from "./authenticate-token.ts"
import { type AdminPrincipal, TOKEN_HOLDER } from "./principal.ts"

/** An operator. `sessionId` is the session of an admin user, null for the holder of `ADMIN_TOKEN`. */
export interface AuthenticatedAdmin {
  actor: AdminPrincipal
  sessionId: string | null
}

/**
 * Authenticates an operator by `ADMIN_TOKEN` or by the access token of a user with the role admin.
 * @throws {Unauthenticated} for any other token
 */
export async function authenticateAdminToken(ctx: Context, token: string): Promise<AuthenticatedAdmin> {
  if (isSame(token, ctx.config.admin.token)) return { actor: TOKEN_HOLDER, sessionId: null }
  const { userId, sessionId } = await readToken(ctx, token)
  if (!(await isAdmin(ctx, userId))) throw new AdminNeeded()
  return { actor: userId, sessionId }
}

/**
 * Authenticates an operator by the cookie of an admin session, which ends by signing out and with the user's role or
 * session. The database is asked each time: operators are few, and an ended session must be dead in every process.
 * @throws {Unauthenticated}
 */
export async function authenticateAdminSession(ctx: Context, cookie: string): Promise<AuthenticatedAdmin> {
  const claims = readAdminSession(ctx, cookie)
  if (!claims || (await hasEnded(ctx, claims.id))) throw new AdminNeeded()
  const { actor, sessionId } = claims
  if (sessionId !== null && !(await isOpen(ctx, actor, sessionId))) throw new AdminNeeded()
  return { actor, sessionId }
}

class AdminNeeded extends Unauthenticated {
  constructor() {
    super("This needs the admin token or an access token of an admin.")
  }
}

/** Compares in constant time. The comparison needs equal lengths, so it compares digests. */
export function isSame(given: string, token: string | null): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest()
  return token !== null && timingSafeEqual(digest(given), digest(token))
}

async function readToken(ctx: Context, token: string) {
  try {
    return await authenticateToken(ctx, token)
  } catch (error) {
    throw error instanceof Unauthenticated ? new AdminNeeded() : error
  }
}

const IS_ADMIN = "u.role = 'admin' AND u.suspended_at IS NULL AND u.deleted_at IS NULL"

async function isAdmin(ctx: Context, userId: string): Promise<boolean> {
  const { rowCount } = await ctx.db.pool.query(`SELECT 1 FROM users AS u WHERE u.id = $1 AND ${IS_ADMIN}`, [
    userId,
  ])
  return rowCount === 1
}

/** Ends the admin session of a cookie, in every process. A cookie that is no session has none to end. */
export async function endAdminSession(ctx: Context, cookie: string): Promise<void> {
  const claims = readAdminSession(ctx, cookie)
  if (!claims) return
  await ctx.db.pool.query(
    `INSERT INTO session_revocations (session_id, revoked_at, expires_at)
     VALUES ($1, clock_timestamp(), now() + $2 * interval '1 millisecond') ON CONFLICT DO NOTHING`,
    [claims.id, ctx.timing.auth.adminSessionMs + ctx.timing.auth.clockSkewMs],
  )
}

async function hasEnded(ctx: Context, adminSessionId: string): Promise<boolean> {
  const { rowCount } = await ctx.db.pool.query("SELECT 1 FROM session_revocations WHERE session_id = $1", [
    adminSessionId,
  ])
  return rowCount === 1
}

async function isOpen(ctx: Context, userId: string, sessionId: string): Promise<boolean> {
  const { rowCount } = await ctx.db.pool.query(
    `SELECT 1 FROM sessions AS s JOIN users AS u ON u.id = s.user_id
     WHERE s.user_id = $1 AND s.id = $2 AND u.id = $1 AND s.ended_at IS NULL AND s.expires_at > app_now() AND ${IS_ADMIN}`,
    [userId, sessionId],
  )
  return rowCount === 1
}
