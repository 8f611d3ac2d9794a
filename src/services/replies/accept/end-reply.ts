import type pg from "pg"
import { inTransaction } from "../../../config/database.ts"
import type { Timing } from "../../../config/timing.ts"
import type { ChatroomKey } from "../../chat/find-chatroom.ts"
import type { MessageKey } from "../../chat/message-record.ts"
import { publishRoomChanged } from "../../chat/room-pubsub.ts"
import type { Context } from "../../context.ts"
import { giveBackPrompt, giveBackTools } from "../../usage/quota.ts"
import { enqueueReply } from "./enqueue-reply.ts"
import { IN_FLIGHT_SQL } from "./reply-queue.ts"

interface ReplyOfRoom extends MessageKey {
  chatroomId: string
}

/**
 * Ends a reply as cancelled, with the text of its row, whether or not a worker is making it; that worker finds its
 * attempt stale. The prompt is given back if no attempt had begun; otherwise it stays used.
 * @param isUnbegun whether no attempt had begun when the cancel was requested
 * @returns false when it had ended before
 */
export async function endAsCancelled(
  ctx: Context,
  reply: ReplyOfRoom,
  { isUnbegun = false } = {},
): Promise<boolean> {
  return endInRoom(ctx, reply, async (client) => {
    const { rows } = await client.query<{ attempt: number; waited: boolean }>({
      name: "end-as-cancelled",
      text: CANCEL,
      values: [reply.userId, reply.id],
    })
    if (rows[0] && (isUnbegun || rows[0].attempt === 0)) {
      const unit = { userId: reply.userId, replyId: reply.id, byPrompt: false }
      await giveBackPrompt(client, ctx.config.plans, unit)
    }
    // As its next attempt would have done.
    if (rows[0]?.waited) await giveBackTools(client, { userId: reply.userId, replyId: reply.id, used: [] })
    return rows.length === 1
  })
}

const CANCEL = `
  WITH unfinished AS (
    SELECT user_id, id, status = 'queued' AS waited FROM messages
    WHERE user_id = $1 AND id = $2 AND status IN ('queued', 'running')
    FOR UPDATE
  )
  UPDATE messages AS m SET status = 'cancelled', completed_at = now(), lease_until = NULL, not_before = NULL
  FROM unfinished WHERE m.user_id = unfinished.user_id AND m.id = unfinished.id
  RETURNING m.attempt, waited`

/**
 * Runs `write`, which ends a reply, with its room locked; then makes the room's next reply the active one, all or
 * nothing, tells the listeners and enqueues the next.
 * @returns false when `write` does: the reply had ended before
 */
export async function endInRoom(
  ctx: Context,
  { id, chatroomId, userId }: ReplyOfRoom,
  write: (client: pg.PoolClient) => Promise<boolean>,
): Promise<boolean> {
  const finished = await inTransaction(ctx.db.pool, async (client) => {
    // The room first, as when a message is sent: the same order everywhere, and nobody can queue behind our back.
    await client.query({ name: "lock-room", text: LOCK_ROOM, values: [userId, chatroomId] })
    return (await write(client))
      ? { next: await advanceRoom(client, ctx.timing, { userId, id: chatroomId }) }
      : null
  })
  if (!finished) return false
  ctx.replyLog.announce(id, { final: true })
  publishRoomChanged(ctx, chatroomId, userId)
  const { next } = finished
  if (next)
    ctx.background.run("enqueue the room's next reply", () =>
      enqueueReply(ctx, { userId, id: next.id }, next),
    )
  return true
}

const LOCK_ROOM = "SELECT 1 FROM chatrooms WHERE user_id = $1 AND id = $2 FOR UPDATE"

/** Makes the locked room's first unfinished reply, or the one that is being made, the active one. @returns it, when it is now to be enqueued */
export async function advanceRoom(client: pg.ClientBase, timing: Timing, { userId, id }: ChatroomKey) {
  const { rows } = await client.query<{ id: string | null; in_flight: number }>({
    name: "advance-room",
    text: ADVANCE_ROOM,
    values: [userId, id, timing.replies.sweepAfterMs],
  })
  const next = rows[0]
  return next?.id ? { id: next.id, inFlight: next.in_flight } : null
}

/**
 * The next reply's lease starts now: while it waited for its turn nobody was to look after it. One that runs already
 * (another of the room was cancelled) keeps its own.
 */
const ADVANCE_ROOM = `
  WITH first AS (
    SELECT id, status FROM messages
    WHERE user_id = $1 AND chatroom_id = $2 AND lease_until IS NOT NULL AND position > 0
    ORDER BY (status = 'running') DESC, position LIMIT 1
  ), started AS (
    UPDATE messages AS m SET lease_until = now() + $3 * interval '1 millisecond'
    FROM first WHERE m.user_id = $1 AND m.id = first.id AND first.status = 'queued'
    RETURNING m.id
  ), room AS (
    UPDATE chatrooms SET active_reply_id = (SELECT id FROM first), updated_at = now()
    WHERE user_id = $1 AND id = $2
  )
  SELECT (SELECT id FROM started) AS id, ${IN_FLIGHT_SQL("$1")} AS in_flight`
