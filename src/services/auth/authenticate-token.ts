import { Unauthenticated, Unavailable } from "../../utils/errors.ts"
import { SECOND } from "../../utils/time.ts"
import type { Context } from "../context.ts"
import type { Caller } from "./caller.ts"

/** Somebody waits for this read. */
const CONFIRM_TIMEOUT_MS = 2 * SECOND

/**
 * Whose access token it is. Asks memory alone as long as this process hears of ended sessions, and the session's
 * row when it doesn't: a token is never taken on trust.
 * @throws {Unauthenticated}
 * @throws {Unavailable} when neither can be asked
 */
export function authenticateToken(ctx: Context, token: string): Caller | Promise<Caller> {
  const caller = ctx.tokens.access.read(token)
  if (ctx.revocations.isRevoked(caller.sessionId)) throw new Unauthenticated()
  return ctx.revocations.isCurrent() ? caller : confirmSession(ctx, caller)
}

/** Whether a stream that was opened by `caller` may go on, by what this process has heard. */
export function isSessionLive(ctx: Context, caller: Caller): boolean {
  return caller.expiresAt * SECOND > Date.now() && !ctx.revocations.isRevoked(caller.sessionId)
}

async function confirmSession(ctx: Context, caller: Caller): Promise<Caller> {
  if (await isOpen(ctx, caller)) return caller
  throw new Unauthenticated()
}

async function isOpen(ctx: Context, { sessionId }: Caller): Promise<boolean> {
  try {
    const { rowCount } = await ctx.db.pool.query({
      text: "SELECT 1 FROM sessions WHERE id = $1 AND ended_at IS NULL",
      values: [sessionId],
      query_timeout: CONFIRM_TIMEOUT_MS,
    } as { text: string; values: unknown[] })
    return rowCount === 1
  } catch (error) {
    throw new Unavailable(error)
  }
}
