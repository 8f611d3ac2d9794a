import { type UserRecord, userSql } from "../../models/user.ts"
import { RefreshTokenInvalid } from "../../utils/errors.ts"
import type { Context } from "../context.ts"
import { endSessions } from "./end-sessions.ts"
import { type SignedIn, toSignedIn } from "./open-session.ts"
import type { Rotation } from "./refresh-tokens.ts"

/**
 * Exchanges a refresh token for a new pair of tokens. Concurrent calls get the same pair. A token that is reused
 * later has been copied. The user and the thief can't be told apart, so the session ends.
 * @throws {RefreshTokenInvalid}
 */
export async function refreshSession(ctx: Context, refreshToken: string): Promise<SignedIn> {
  const rotation = ctx.tokens.refresh.read(refreshToken)
  if (!rotation) throw new RefreshTokenInvalid()
  const user = (await rotate(ctx, rotation)) ?? (await findSuccessor(ctx, rotation))
  return toSignedIn(ctx, user, { sessionId: rotation.sessionId, generation: rotation.generation + 1 })
}

async function rotate(ctx: Context, { sessionId, generation }: Rotation): Promise<UserRecord | null> {
  const values = [sessionId, generation, ctx.timing.auth.sessionIdleMs, ctx.timing.auth.sessionLifeMs]
  const { rows } = await ctx.db.execute<UserRecord>("rotate-session", ROTATE, values)
  return rows[0] ?? null
}

const ROTATE = `
  WITH rotated AS (
    UPDATE sessions SET
      generation = generation + 1, rotated_at = app_now(), last_used_at = app_now(),
      expires_at = least(app_now() + $3 * interval '1 millisecond', created_at + $4 * interval '1 millisecond')
    WHERE id = $1 AND generation = $2 AND ended_at IS NULL AND expires_at > app_now()
    RETURNING user_id
  )
  SELECT ${userSql("users")} FROM users WHERE id = (SELECT user_id FROM rotated)`

/** Handles a token that isn't the newest of its session: it was just rotated, or it is reused or invalid. */
async function findSuccessor(ctx: Context, { sessionId, generation }: Rotation): Promise<UserRecord> {
  const { rows } = await ctx.db.pool.query<UserRecord & { generation: number; justRotated: boolean }>({
    text: FIND,
    values: [sessionId, ctx.timing.auth.refreshGraceMs],
  })
  const [session] = rows
  if (session?.justRotated && session.generation === generation + 1) return session
  // A generation above the stored one was issued before a backup was restored.
  if (session && session.generation > generation) {
    await endSessions(ctx, { userId: session.id, only: sessionId }, "refresh_token_reused")
  }
  throw new RefreshTokenInvalid()
}

const FIND = `
  SELECT ${userSql("users")}, sessions.generation,
    rotated_at > app_now() - $2 * interval '1 millisecond' AS "justRotated"
  FROM sessions JOIN users ON users.id = sessions.user_id
  WHERE sessions.id = $1 AND ended_at IS NULL AND expires_at > app_now()`
