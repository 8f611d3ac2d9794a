import type pg from "pg"
import type { MessageKey, MessageRecord } from "../../chat/message-record.ts"
import type { Context } from "../../context.ts"
import { waitForReply } from "../stream/follow-reply.ts"
import { endAsCancelled } from "./end-reply.ts"

/** A reply as the request to cancel it found it. */
export interface Requested {
  status: string
  attempt: number
}

/**
 * Requests that a reply stops. Noted on the row, so that it counts even if the worker dies or no notice reaches it.
 * @returns null when it had ended before
 */
export async function requestCancel(
  db: pg.Pool | pg.ClientBase,
  { userId, id }: MessageKey,
): Promise<Requested | null> {
  const { rows } = await (db as pg.Pool).query<Requested>({
    name: "request-cancel",
    text: REQUEST,
    values: [userId, id],
  })
  return rows[0] ?? null
}

const REQUEST = `
  UPDATE messages SET cancel_requested_at = coalesce(cancel_requested_at, now())
  WHERE user_id = $1 AND id = $2 AND status IN ('queued', 'running')
  RETURNING status, attempt`

/**
 * Ends a reply for which that was requested, and keeps what came. A running one is ended by its worker; where that
 * doesn't answer in time, and for one that waits, by the row.
 * @param signal stops the wait for the worker
 * @returns the ended reply, where the worker has answered
 */
export async function stopReply(
  ctx: Context,
  reply: MessageKey & { chatroomId: string },
  requested: Requested | null,
  signal?: AbortSignal,
): Promise<MessageRecord | null> {
  if (requested?.status === "running") {
    const { userId, id } = reply
    ctx.cancellations.request({ userId, id })
    const enough = AbortSignal.timeout(ctx.timing.replies.cancelMs)
    const ended = await waitForReply(ctx, { userId, id }, signal ? AbortSignal.any([signal, enough]) : enough)
    if (ended) return ended
  }
  // An attempt that begins after the request calls nothing.
  await endAsCancelled(ctx, reply, { isUnbegun: requested?.attempt === 0 })
  return null
}
