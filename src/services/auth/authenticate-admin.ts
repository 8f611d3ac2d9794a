import { createHash, timingSafeEqual } from "node:crypto"
import { Unauthenticated } from "../../utils/errors.ts"
import type { Context } from "../context.ts"
import { readAdminSession } from "./admin-session.ts"
import { authenticateToken } from "./authenticate-token.ts"
import { type AdminPrincipal, TOKEN_HOLDER } from "./principal.ts"

/** An operator, and the session of theirs as a user, if that is what they are. */
export interface AuthenticatedAdmin {
  actor: AdminPrincipal
  sessionId: string | null
}

/**
 * Who sends this token: the holder of `ADMIN_TOKEN`, or a user with the role admin by their access token.
 * @throws {Unauthenticated} for everybody else
 */
export async function authenticateAdminToken(ctx: Context, token: string): Promise<AuthenticatedAdmin> {
  if (isSame(token, ctx.config.admin.token)) return { actor: TOKEN_HOLDER, sessionId: null }
  const { userId, sessionId } = await readToken(ctx, token)
  if (!(await isAdmin(ctx, userId))) throw new AdminNeeded()
  return { actor: userId, sessionId }
}

/** The same by the cookie of a browser's session, which dies with the role and the session of its user. */
export async function authenticateAdminSession(ctx: Context, cookie: string): Promise<AuthenticatedAdmin> {
  const claims = readAdminSession(ctx.config, cookie)
  if (!claims) throw new AdminNeeded()
  const { actor, sessionId } = claims
  if (sessionId !== null && !(await isOpen(ctx, actor, sessionId))) throw new AdminNeeded()
  return { actor, sessionId }
}

class AdminNeeded extends Unauthenticated {
  constructor() {
    super("The admin token, or an admin's, is needed.")
  }
}

/** Digests have one length, which the comparison needs, and tell nothing of the token's. */
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

async function isOpen(ctx: Context, userId: string, sessionId: string): Promise<boolean> {
  const { rowCount } = await ctx.db.pool.query(
    `SELECT 1 FROM sessions AS s JOIN users AS u ON u.id = s.user_id
     WHERE s.user_id = $1 AND s.id = $2 AND u.id = $1 AND s.ended_at IS NULL AND s.expires_at > app_now() AND ${IS_ADMIN}`,
    [userId, sessionId],
  )
  return rowCount === 1
}
