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
    await client.query(lockRoomFirst({ userId, id: chatroomId }))
    return (await write(client))
      ? { next: await advanceRoom(client, ctx.timing, { userId, id: chatroomId }) }
      : null
  })
  if (!finished) return false
  announceEnd(ctx, { id, chatroomId, userId }, finished.next)
  return true
}

/** Tells the listeners that a reply has ended, and enqueues the next one. After the commit. */
export function announceEnd(
  ctx: Context,
  { id, chatroomId, userId }: ReplyOfRoom,
  next: NextReply | null,
): void {
  ctx.replyLog.announce(id, { final: true })
  publishRoomChanged(ctx, chatroomId, userId)
  if (next)
    ctx.background.run("enqueue the room's next reply", () =>
      enqueueReply(ctx, { userId, id: next.id }, next),
    )
}

/**
 * Returns the first statement of a transaction that ends a reply: the room first, as when a message is sent. The order
 * is the same everywhere, and nobody can queue behind our back: what follows sees all that was written before the lock.
 */
export function lockRoomFirst({ userId, id }: ChatroomKey): pg.QueryConfig {
  return { name: "lock-room", text: LOCK_ROOM, values: [userId, id] }
}

const LOCK_ROOM = "SELECT 1 FROM chatrooms WHERE user_id = $1 AND id = $2 FOR UPDATE"

/** A reply whose turn it is now, to be enqueued. */
export interface NextReply {
  id: string
  inFlight: number
}

/** Makes the locked room's first unfinished reply, or the one that is being made, the active one. @returns it, when it is now to be enqueued */
export async function advanceRoom(
  client: pg.ClientBase,
  timing: Timing,
  { userId, id }: ChatroomKey,
): Promise<NextReply | null> {
  const { rows } = await client.query<Advanced>({
    name: "advance-room",
    text: ADVANCE_ROOM,
    values: [userId, id, timing.replies.sweepAfterMs],
  })
  return toNext(rows[0])
}

/** The row of `advancedSql`. */
export interface Advanced {
  next_id: string | null
  in_flight: number
}

export function toNext(row: Advanced | undefined): NextReply | null {
  return row?.next_id ? { id: row.next_id, inFlight: row.in_flight } : null
}

/**
 * Returns the parts of a statement that make the locked room's next reply the active one. Its lease starts now: while it
 * waited for its turn nobody was to look after it. One that runs already (another of the room was cancelled) keeps its own.
 * @param sweepAfterMs the parameter that has it
 * @param ended a part with the `id` of the reply that the same statement ends, or with no row: then nothing is written
 */
export function advanceSql(
  room: { userId: string; id: string },
  sweepAfterMs: string,
  ended?: string,
): string {
  const hasEnded = ended ? `AND EXISTS (SELECT FROM ${ended})` : ""
  return `first AS (
    SELECT id, status FROM messages
    WHERE user_id = ${room.userId} AND chatroom_id = ${room.id} AND lease_until IS NOT NULL AND position > 0
      ${ended ? `AND id <> (SELECT id FROM ${ended})` : ""}
    ORDER BY (status = 'running') DESC, position LIMIT 1
  ), started AS (
    UPDATE messages AS m SET lease_until = now() + ${sweepAfterMs} * interval '1 millisecond'
    FROM first WHERE m.user_id = ${room.userId} AND m.id = first.id AND first.status = 'queued'
    RETURNING m.id
  ), room AS (
    UPDATE chatrooms SET active_reply_id = (SELECT id FROM first), updated_at = now()
    WHERE user_id = ${room.userId} AND id = ${room.id} ${hasEnded}
  )`
}

/** Returns the SELECT list that tells what `advanceSql` did. */
export function advancedSql(userId: string): string {
  return `(SELECT id FROM started) AS next_id, ${IN_FLIGHT_SQL(userId)} AS in_flight`
}

const ADVANCE_ROOM = `WITH ${advanceSql({ userId: "$1", id: "$2" }, "$3")} SELECT ${advancedSql("$1")}`
