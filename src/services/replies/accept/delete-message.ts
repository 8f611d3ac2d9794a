import type pg from "pg"
import { inTransaction } from "../../../config/database.ts"
import { NotFound } from "../../../utils/errors.ts"
import { branchEndSql } from "../../chat/branch-end.ts"
import { dropCopies } from "../../chat/drop-copies.ts"
import { forgetResults } from "../../chat/idempotency.ts"
import { publishRoomChanged } from "../../chat/room-pubsub.ts"
import { childrenOf } from "../../chat/tree-steps.ts"
import type { Context } from "../../context.ts"
import { advanceRoom } from "./end-reply.ts"
import { enqueueReply } from "./enqueue-reply.ts"
import { lockRoom } from "./locked-room.ts"

export interface DeleteMessage {
  userId: string
  chatroomId: string
  messageId: string
  requestId: string
}

/**
 * Deletes a message and all that follows it, on every branch. A reply in flight among it is stopped, and the room goes on
 * with the next. If the shown branch ends there, the room then shows the newest version beside the message, with what
 * follows that, or what is left above it. Used prompts stay used.
 * @throws {NotFound}
 */
export async function deleteMessage(
  ctx: Context,
  { userId, chatroomId, messageId, requestId }: DeleteMessage,
): Promise<void> {
  const room = { userId, id: chatroomId }
  const { count, unfinished, live, next } = await inTransaction(ctx.db.pool, async (client) => {
    const { headId } = await lockRoom(client, ctx, { userId, chatroomId, what: "message" })
    const deleted = await deleteTree(client, { userId, chatroomId, messageId, headId })
    await forgetResults(client, { userId, chatroomId, messageIds: deleted.ids })
    const values = [userId, chatroomId, messageId, deleted.headId]
    await client.query({ name: "note-deleted", text: NOTE, values })
    return { ...deleted, next: await advanceRoom(client, ctx.timing, room) }
  })
  ctx.events.messageDeleted({ userId, chatroomId, messageId, count, requestId })
  for (const id of unfinished) {
    // If the signal is lost, the worker finds the row gone.
    ctx.cancellations.request({ userId, id })
  }
  dropCopies(ctx, { userId, replyIds: live })
  publishRoomChanged(ctx, chatroomId, userId)
  if (!next) return
  ctx.background.run("enqueue the room's next reply", () => enqueueReply(ctx, { userId, id: next.id }, next))
}

interface Deleted {
  count: number
  ids: string[]
  /** The replies whose text may be in the reply log still, which keeps it for a minute after the end. */
  live: string[]
  /** The replies among it that hadn't ended. */
  unfinished: string[]
  /** The room's head now. */
  headId: string | null
}

interface Tree {
  userId: string
  chatroomId: string
  messageId: string
  headId: string | null
}

async function deleteTree(
  client: pg.ClientBase,
  { userId, chatroomId, messageId, headId }: Tree,
): Promise<Deleted> {
  const { rows } = await client.query<
    Omit<Deleted, "headId"> & { parentId: string | null; hasHead: boolean }
  >({
    name: "delete-messages",
    text: DELETE,
    values: [userId, chatroomId, messageId, headId],
  })
  const [deleted] = rows
  if (!deleted || deleted.count === 0) throw new NotFound("message")
  const { parentId, hasHead, ...rest } = deleted
  if (!hasHead) return { ...rest, headId }
  const { rows: heads } = await client.query<{ id: string }>({
    name: "neighbours-branch-end",
    text: NEIGHBOUR_END,
    values: [userId, chatroomId, parentId],
  })
  return { ...rest, headId: heads[0]?.id ?? null }
}

/** At once, however much it is: a message's own deletion would take its children one by one, each inside the one before. */
const DELETE = `
  WITH RECURSIVE gone AS (
    SELECT m.user_id, m.id FROM messages AS m WHERE m.user_id = $1 AND m.id = $3 AND m.chatroom_id = $2
    UNION ALL
    SELECT m.user_id, m.id
    FROM gone AS g ${childrenOf("g")} AS m
  ), deleted AS (
    DELETE FROM messages AS m WHERE m.user_id = $1 AND m.id = ANY (ARRAY(SELECT id FROM gone))
    RETURNING m.id, m.parent_id, m.lease_until, m.role = 'model' AND
      (m.completed_at IS NULL OR m.completed_at > now() - interval '1 hour') AS live
  )
  SELECT count(*)::int AS count, coalesce(array_agg(id), '{}') AS ids,
    coalesce(array_agg(id) FILTER (WHERE live), '{}') AS live, coalesce(bool_or(id = $4), false) AS "hasHead",
    coalesce(array_agg(id) FILTER (WHERE lease_until IS NOT NULL), '{}') AS unfinished,
    (SELECT parent_id FROM deleted WHERE id = $3) AS "parentId"
  FROM deleted`

/** Of what is left beside the message, the newest; without any, what was above it. */
const NEIGHBOUR_END = branchEndSql({
  user: "$1",
  room: "$2",
  message: `CASE WHEN $3::uuid IS NULL
    THEN (${newestSql("coalesce(s.parent_id, s.chatroom_id) = $2 AND s.parent_id IS NULL")})
    ELSE coalesce((${newestSql("s.parent_id = $3")}), $3) END`,
})

/** As `siblingsSql`, for versions of either role. */
function newestSql(which: string): string {
  return `SELECT s.id FROM messages AS s WHERE ${which} AND s.user_id IS NOT DISTINCT FROM $1
    ORDER BY s.position DESC LIMIT 1`
}

const NOTE = `
  WITH room AS (
    UPDATE chatrooms SET head_id = $4, revisions = revisions + 1, updated_at = now() WHERE user_id = $1 AND id = $2
    RETURNING revisions
  )
  INSERT INTO deleted_messages (user_id, chatroom_id, revision, message_id)
  SELECT $1, $2, revisions, $3 FROM room`
