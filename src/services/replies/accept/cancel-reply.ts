import { findOwnMessage, findOwnReply } from "../../chat/list-messages.ts"
import { isFinal, type MessageKey, type MessageRecord } from "../../chat/message-record.ts"
import type { Context } from "../../context.ts"
import { waitForReply } from "../stream/follow-reply.ts"
import { endAsCancelled } from "./end-reply.ts"

export interface CancelReply {
  userId: string
  chatroomId: string
  messageId: string
  /** The client has gone. */
  signal: AbortSignal
}

/**
 * Stops a reply and keeps what came. A running one is ended by its worker; where that doesn't answer, and for one
 * that waits, by the row. One that has ended stays as it is: cancelling twice, or too late, gives the same reply.
 * @throws {NotFound}
 */
export async function cancelReply(
  ctx: Context,
  { userId, chatroomId, messageId, signal }: CancelReply,
): Promise<MessageRecord> {
  const message = await findOwnReply(ctx, { userId, chatroomId, messageId })
  if (isFinal(message)) return message
  const reply = { userId, id: messageId }
  const requested = await requestCancel(ctx, reply)
  if (requested?.status === "running") {
    ctx.cancellations.request(reply)
    const ended = await waitForReply(
      ctx,
      reply,
      AbortSignal.any([signal, AbortSignal.timeout(ctx.timing.replies.cancelMs)]),
    )
    if (ended) return ended
  }
  // An attempt that begins after the request calls nothing.
  await endAsCancelled(ctx, { ...reply, chatroomId }, { isUnbegun: requested?.attempt === 0 })
  return findOwnMessage(ctx, { userId, chatroomId, messageId })
}

/** Noted on the row, so that it counts even if the worker dies or no notice reaches it. */
async function requestCancel(ctx: Context, { userId, id }: MessageKey): Promise<Requested | undefined> {
  const { rows } = await ctx.db.execute<Requested>("request-cancel", REQUEST, [userId, id])
  return rows[0]
}

/** A reply as the request found it. */
interface Requested {
  status: string
  attempt: number
}

const REQUEST = `
  UPDATE messages SET cancel_requested_at = coalesce(cancel_requested_at, now())
  WHERE user_id = $1 AND id = $2 AND status IN ('queued', 'running')
  RETURNING status, attempt`
