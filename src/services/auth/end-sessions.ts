import type pg from "pg"
import type { Timing } from "../../config/timing.ts"
import { NotFound } from "../../utils/errors.ts"
import type { Context } from "../context.ts"
import type { Principal } from "./principal.ts"
import { revocationLifeMs } from "./revocations.ts"

/** Selects all sessions of a user, `only` one, or all `except` one. */
export interface WhichSessions {
  userId: string
  only?: string
  except?: string
}

/** Ends the principal's current session. */
export async function logOut(ctx: Context, principal: Principal): Promise<void> {
  await endSessions(ctx, { userId: principal.userId, only: principal.sessionId }, "logout")
}

/** Ends one of the user's sessions. @throws {NotFound} when it belongs to another user or has ended */
export async function endOwnSession(ctx: Context, principal: Principal, sessionId: string): Promise<void> {
  const ended = await endSessions(ctx, { userId: principal.userId, only: sessionId }, "ended_by_user")
  if (ended.length === 0) throw new NotFound("session")
}

/** Ends sessions and revokes their tokens, in this process at once, in others within a second. */
export async function endSessions(ctx: Context, which: WhichSessions, why: string): Promise<string[]> {
  const ended = await markSessionsEnded(ctx.db.pool, ctx.timing, which)
  recordEndedSessions(ctx, { userId: which.userId, sessionIds: ended, why })
  return ended
}

/** Ends sessions in the database, inside a transaction. Call `recordEndedSessions` after its commit. */
export async function markSessionsEnded(
  db: pg.Pool | pg.ClientBase,
  timing: Timing,
  { userId, only, except }: WhichSessions,
): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>({
    name: "end-sessions",
    text: END_SESSIONS,
    values: [userId, only ?? null, except ?? null, revocationLifeMs(timing)],
  })
  return rows.map((row) => row.id)
}

/** Revokes the tokens of ended sessions in this process and records the event. */
export function recordEndedSessions(
  ctx: Context,
  ended: { userId: string; sessionIds: string[]; why: string },
): void {
  if (ended.sessionIds.length === 0) return
  ctx.revocations.add(ended.sessionIds)
  ctx.events.sessionEnded(ended)
}

const END_SESSIONS = `
  WITH ended AS (
    UPDATE sessions SET ended_at = app_now()
    WHERE user_id = $1 AND ended_at IS NULL
      AND ($2::uuid IS NULL OR id = $2) AND ($3::uuid IS NULL OR id <> $3)
    RETURNING id
  ), revoked AS (
    INSERT INTO session_revocations (session_id, revoked_at, expires_at)
    SELECT id, clock_timestamp(), now() + $4 * interval '1 millisecond' FROM ended
    ON CONFLICT DO NOTHING
  )
  SELECT id FROM ended`
