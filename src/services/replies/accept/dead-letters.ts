import { z } from "zod"
import { inTransaction } from "../../../config/database.ts"
import { toCamelCase } from "../../../utils/camel-case.ts"
import { CursorTime, decodeCursor, encodeCursor } from "../../../utils/cursor.ts"
import { NotFound } from "../../../utils/errors.ts"
import type { Page } from "../../chat/list-chatrooms.ts"
import { publishRoomChanged } from "../../chat/room-pubsub.ts"
import type { Context } from "../../context.ts"

/** A reply that has failed for good: why, and after how many attempts. No text: it is the user's. */
export interface DeadLetter {
  id: string
  chatroomId: string
  userId: string
  errorCode: string
  model: string | null
  attempt: number
  failures: number
  takeovers: number
  requestId: string | null
  createdAt: Date
  completedAt: Date
}

const Cursor = z.tuple([CursorTime, z.uuid()])

/** The dead letters, newest first. @throws {InvalidRequest} for a cursor that isn't one */
export async function listDeadLetters(
  ctx: Context,
  { limit, cursor }: { limit: number; cursor?: string },
): Promise<Page<DeadLetter>> {
  const [completedAt, id] = cursor === undefined ? [null, null] : decodeCursor(cursor, Cursor)
  const { rows } = await ctx.db.pool.query({
    name: "failed-replies",
    text: LIST,
    values: [limit + 1, completedAt, id],
  })
  const items = rows.slice(0, limit).map((row) => toCamelCase<DeadLetter>(row))
  const last = items.at(-1)
  return {
    items,
    next: rows.length > limit && last ? encodeCursor([last.completedAt.toISOString(), last.id]) : null,
  }
}

const LIST = `
  SELECT m.id, m.chatroom_id, c.user_id, m.error_code, m.model, m.attempt, m.failures, m.takeovers, m.request_id,
    m.created_at, m.completed_at
  FROM messages AS m JOIN chatrooms AS c ON c.id = m.chatroom_id
  WHERE m.status = 'failed' AND (m.completed_at, m.id)
    < (coalesce($2::timestamptz, 'infinity'), coalesce($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
  ORDER BY m.completed_at DESC, m.id DESC LIMIT $1`

/**
 * Queues a failed reply once more, in its place of the room's order and without a charge: its unit was given back.
 * @throws {NotFound} when there is no failed reply of that id
 */
export async function retryDeadLetter(ctx: Context, replyId: string): Promise<void> {
  const room = await inTransaction(ctx.db.pool, async (client) => {
    const { rows } = await client.query<{ id: string; active_reply_id: string | null }>(LOCK_ROOM, [replyId])
    const found = rows[0]
    if (!found) throw new NotFound("failed reply")
    const { rows: numbered } = await client.query<{ retries: number }>(NUMBER_RETRY, [found.id, replyId])
    const { rowCount } = await client.query(REVIVE, [
      replyId,
      ctx.timing.replies.sweepAfterMs,
      numbered[0]?.retries,
    ])
    if (rowCount === 0) throw new NotFound("failed reply")
    return found
  })
  if (room.active_reply_id === null)
    ctx.background.run("enqueue a reply", () => ctx.queue.enqueue(replyId, { inFlight: 1 }))
  publishRoomChanged(ctx, room.id)
}

const LOCK_ROOM = `
  SELECT c.id, c.active_reply_id FROM chatrooms AS c
  WHERE c.id = (SELECT chatroom_id FROM messages WHERE id = $1 AND status = 'failed') FOR UPDATE`

const NUMBER_RETRY = `
  UPDATE chatrooms SET active_reply_id = coalesce(active_reply_id, $2), retries = retries + 1
  WHERE id = $1 RETURNING retries`

const REVIVE = `
  UPDATE messages
  SET status = 'queued', content = '', error_code = NULL, failures = 0, takeovers = 0, completed_at = NULL,
    finish_reason = NULL, prompt_tokens = NULL, output_tokens = NULL, thought_tokens = NULL, total_tokens = NULL,
    not_before = NULL, cancel_requested_at = NULL, retry = $3, retried_at = now(), cooling_down_since = NULL,
    lease_until = now() + $2 * interval '1 millisecond'
  WHERE id = $1 AND status = 'failed'`
