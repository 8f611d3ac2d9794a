import type pg from "pg"
import { inTransaction } from "../../../config/database.ts"
import { AlreadyStarted, NotFound } from "../../../utils/errors.ts"
import { renewResult } from "../../chat/idempotency.ts"
import { readMessage } from "../../chat/list-messages.ts"
import type { MessageRecord } from "../../chat/message-record.ts"
import { publishRoomChanged } from "../../chat/room-pubsub.ts"
import type { Context } from "../../context.ts"
import { lockRoom } from "./locked-room.ts"

export interface EditPrompt {
  userId: string
  chatroomId: string
  messageId: string
  content: string
  requestId: string
}

/**
 * Changes the text of a prompt that no worker has begun to reply to, and tells the listeners of its room.
 * @throws {NotFound} also for a reply
 * @throws {AlreadyStarted}
 */
export async function editPrompt(
  ctx: Context,
  { userId, chatroomId, messageId, content, requestId }: EditPrompt,
): Promise<MessageRecord> {
  const prompt = { userId, id: messageId }
  const edited = await inTransaction(ctx.db.pool, async (client) => {
    await lockRoom(client, ctx, { userId, chatroomId, what: "message" })
    const message = await readMessage(client, prompt)
    if (message?.chatroomId !== chatroomId) throw new NotFound("message")
    if (message.role !== "user") throw new NotFound("prompt")
    await requireUnbegun(client, prompt)
    if (message.content === content) return message
    await client.query({ name: "edit-prompt", text: EDIT, values: [userId, chatroomId, messageId, content] })
    await renewResult(client, { userId, chatroomId, id: messageId, content })
    return { ...message, content }
  })
  ctx.events.promptEdited({ userId, chatroomId, messageId, requestId })
  publishRoomChanged(ctx, chatroomId)
  return edited
}

/** Locks the replies: a worker that is about to begin one waits, and reads the new text. */
async function requireUnbegun(client: pg.ClientBase, { userId, id }: { userId: string; id: string }) {
  const { rows } = await client.query<{ begun: boolean }>({
    name: "lock-replies",
    text: LOCK_REPLIES,
    values: [userId, id],
  })
  if (rows.some(({ begun }) => begun)) throw new AlreadyStarted()
}

/** A reply that was cancelled in the queue was never begun. */
const LOCK_REPLIES = `
  SELECT r.attempt > 0 OR r.is_copy OR r.status NOT IN ('queued', 'cancelled') AS begun
  FROM messages AS r WHERE r.parent_id = $2 AND r.user_id IS NOT DISTINCT FROM $1 AND r.role = 'model'
  FOR UPDATE`

const EDIT = `
  WITH room AS (
    UPDATE chatrooms SET revisions = revisions + 1 WHERE user_id = $1 AND id = $2 RETURNING revisions
  )
  UPDATE messages AS m SET content = $4, revision = room.revisions FROM room WHERE m.user_id = $1 AND m.id = $3`
