import { RefreshTokenInvalid } from "../../utils/errors.ts"
import type { Context } from "../context.ts"
import { TIER_SQL } from "../users/tier.ts"
import { toUserRecord, USER_COLUMNS, type UserRecord } from "../users/user-record.ts"
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
  const { rows } = await ctx.db.pool.query({
    name: "rotate-session",
    text: ROTATE,
    values: [sessionId, generation, ctx.timing.auth.sessionIdleMs, ctx.timing.auth.sessionLifeMs],
  })
  return rows[0] ? toUserRecord(rows[0]) : null
}

const ROTATE = `
  WITH rotated AS (
    UPDATE sessions SET
      generation = generation + 1, rotated_at = now(), last_used_at = now(),
      expires_at = least(now() + $3 * interval '1 millisecond', created_at + $4 * interval '1 millisecond')
    WHERE id = $1 AND generation = $2 AND ended_at IS NULL AND expires_at > now()
    RETURNING user_id
  )
  SELECT ${USER_COLUMNS} FROM users WHERE id = (SELECT user_id FROM rotated)`

/** Handles a token that isn't the newest of its session: it was just rotated, or it is reused or invalid. */
async function findSuccessor(ctx: Context, { sessionId, generation }: Rotation): Promise<UserRecord> {
  const { rows } = await ctx.db.pool.query({
    text: `SELECT users.*, ${TIER_SQL("users.pro_until")} AS tier, sessions.generation, rotated_at > now() - $2 * interval '1 millisecond' AS just_rotated
      FROM sessions JOIN users ON users.id = sessions.user_id
      WHERE sessions.id = $1 AND ended_at IS NULL AND expires_at > now()`,
    values: [sessionId, ctx.timing.auth.refreshGraceMs],
  })
  const session = rows[0]
  if (session?.just_rotated && session.generation === generation + 1) return toUserRecord(session)
  // A generation above the stored one was issued before a backup was restored.
  if (session && session.generation > generation) {
    await endSessions(ctx, { userId: session.id, only: sessionId }, "refresh_token_reused")
  }
  throw new RefreshTokenInvalid()
}
