import type { InferAttributes } from "sequelize"
import { inTransaction } from "../../../config/database.ts"
import type { ChatroomModel } from "../../../models/chatroom.ts"
import { selectSql } from "../../../models/columns.ts"
import { afterSql, newestFirst, type Page, type PageRequest, readPage } from "../../../models/keyset.ts"
import type { MessageModel } from "../../../models/message.ts"
import { NotFound } from "../../../utils/errors.ts"
import { answeringModelSql, answeringModelValues } from "../../chat/offered-models.ts"
import { publishRoomChanged } from "../../chat/room-pubsub.ts"
import type { Context } from "../../context.ts"

const FIELDS = [
  "id",
  "chatroomId",
  "userId",
  "errorCode",
  "errorMessage",
  "model",
  "attempt",
  "failures",
  "takeovers",
  "requestId",
  "createdAt",
  "completedAt",
] as const

/** A reply that has failed for good: why, and after how many attempts. No text: it is the user's. */
export interface DeadLetter extends Pick<InferAttributes<MessageModel>, (typeof FIELDS)[number]> {
  errorCode: string
  completedAt: Date
}

/** The dead letters, newest first. @throws {InvalidRequest} for a cursor that isn't one */
export async function listDeadLetters(ctx: Context, page: PageRequest): Promise<Page<DeadLetter>> {
  return readPage(page, newestFirst("completedAt"), async (after, count) => {
    const values = [count, ...(after ?? [null, null])]
    const { rows } = await ctx.db.execute<DeadLetter>("dead-letters", LIST, values)
    return rows
  })
}

const LIST = `
  SELECT ${selectSql(FIELDS, "messages")} FROM messages
  WHERE error_code IS NOT NULL AND NOT is_copy AND ${afterSql("completed_at", "id", 2)}
  ORDER BY completed_at DESC, id DESC LIMIT $1`

/**
 * Queues a failed reply again, at its position in the room and without another charge.
 * @throws {NotFound} when there is no failed reply of that id
 */
export async function retryDeadLetter(ctx: Context, replyId: string): Promise<void> {
  const room = await inTransaction(ctx.db.pool, async (client) => {
    const { rows } = await client.query<Room>(LOCK_ROOM, [
      replyId,
      ...answeringModelValues(ctx.config.gemini),
    ])
    const [found] = rows
    if (!found) throw new NotFound("failed reply")
    const { userId, id } = found
    const { rows: numbered } = await client.query<{ retries: number }>(NUMBER_RETRY, [userId, id, replyId])
    const { rowCount } = await client.query(REVIVE, [
      userId,
      replyId,
      ctx.timing.replies.sweepAfterMs,
      numbered[0]?.retries,
      found.model,
      found.activeReplyId === null,
    ])
    if (rowCount === 0) throw new NotFound("failed reply")
    return found
  })
  if (room.activeReplyId === null) {
    const reply = { userId: room.userId, id: replyId }
    ctx.background.run("enqueue a reply", () => ctx.queue.enqueue(reply, { inFlight: 1 }))
  }
  publishRoomChanged(ctx, room.id, room.userId)
}

/** `model`: the one that answers in it now. */
type Room = Pick<InferAttributes<ChatroomModel>, "userId" | "id" | "activeReplyId" | "model">

const LOCK_ROOM = `
  SELECT c.user_id AS "userId", c.id, c.active_reply_id AS "activeReplyId",
    ${answeringModelSql("c", "u", ["$2", "$3", "$4"])} AS model
  FROM chatrooms AS c JOIN users AS u ON u.id = c.user_id
  WHERE (c.user_id, c.id) = (SELECT user_id, chatroom_id FROM messages WHERE id = $1 AND error_code IS NOT NULL AND NOT is_copy)
  FOR UPDATE OF c`

const NUMBER_RETRY = `
  UPDATE chatrooms SET active_reply_id = coalesce(active_reply_id, $3), retries = retries + 1
  WHERE user_id = $1 AND id = $2 RETURNING retries`

const REVIVE = `
  UPDATE messages
  SET status = 'queued', content = prefix, thoughts = '', error_code = NULL, error_message = NULL, failures = 0, takeovers = 0, completed_at = NULL,
    finish_reason = NULL, prompt_tokens = NULL, output_tokens = NULL, thought_tokens = NULL, total_tokens = NULL,
    cached_tokens = NULL, citations = CASE prefix WHEN '' THEN '[]' ELSE citations END,
    search_queries = CASE prefix WHEN '' THEN '[]' ELSE search_queries END, tool_tokens = NULL, notices = '[]',
    not_before = NULL, cancel_requested_at = NULL, model = $5, retry = $4, retried_at = now(), cooling_down_since = NULL,
    -- Nobody looks after a reply before its turn.
    lease_until = CASE WHEN $6 THEN now() + $3 * interval '1 millisecond' ELSE 'infinity' END
  WHERE user_id = $1 AND id = $2 AND status = 'failed'`
