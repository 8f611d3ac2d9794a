import { queryWithin } from "../../config/database.ts"
import { Unauthenticated, Unavailable } from "../../utils/errors.ts"
import { SECOND } from "../../utils/time.ts"
import type { Context } from "../context.ts"
import type { Principal } from "./principal.ts"

/**
 * Authenticates a user by an access token. The list of revocations in memory decides; while that list is out of date,
 * the session's row does.
 * @throws {Unauthenticated}
 * @throws {Unavailable} when the row is needed and can't be read
 */
export function authenticateToken(ctx: Context, token: string): Principal | Promise<Principal> {
  const principal = ctx.tokens.access.read(token)
  if (ctx.revocations.isRevoked(principal.sessionId)) throw new Unauthenticated()
  return ctx.revocations.isCurrent() ? principal : confirmSession(ctx, principal)
}

/** Checks whether a stream that `principal` has opened may continue, by the revocations known to this process. */
export function isSessionLive(ctx: Context, principal: Principal): boolean {
  return principal.expiresAt * SECOND > ctx.clock.now() && !ctx.revocations.isRevoked(principal.sessionId)
}

async function confirmSession(ctx: Context, principal: Principal): Promise<Principal> {
  if (await isOpen(ctx, principal)) return principal
  throw new Unauthenticated()
}

async function isOpen(ctx: Context, { userId, sessionId }: Principal): Promise<boolean> {
  try {
    const { rowCount } = await queryWithin(ctx.db.pool, ctx.timing.auth.confirmTimeoutMs, {
      text: "SELECT 1 FROM sessions WHERE user_id = $1 AND id = $2 AND ended_at IS NULL",
      values: [userId, sessionId],
    })
    return rowCount === 1
  } catch (error) {
    throw new Unavailable(error)
  }
}
