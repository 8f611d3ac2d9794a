import { findOwnMessage, findOwnReply } from "../../chat/list-messages.ts"
import { isFinal, type MessageRecord } from "../../chat/message-record.ts"
import type { Context } from "../../context.ts"
import { requestCancel, stopReply } from "./stop-reply.ts"

export interface CancelReply {
  userId: string
  chatroomId: string
  messageId: string
  /** The client has gone. */
  signal: AbortSignal
}

/**
 * Stops a reply and keeps what came. One that has ended stays as it is: cancelling twice, or too late, gives the same
 * reply.
 * @throws {NotFound}
 */
export async function cancelReply(
  ctx: Context,
  { userId, chatroomId, messageId, signal }: CancelReply,
): Promise<MessageRecord> {
  const message = await findOwnReply(ctx, { userId, chatroomId, messageId })
  if (isFinal(message)) return message
  const requested = await requestCancel(ctx.db.pool, { userId, id: messageId })
  const ended = await stopReply(ctx, { userId, id: messageId, chatroomId }, requested, signal)
  return ended ?? findOwnMessage(ctx, { userId, chatroomId, messageId })
}
