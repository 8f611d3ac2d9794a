import type { MessageKey } from "../../chat/message-record.ts"
import type { Context } from "../../context.ts"
import type { EnqueueOptions } from "./reply-queue.ts"

/**
 * Enqueues a reply. One that the queue can't carry is left to the next sweep, whose worker makes it without the queue.
 * @throws when the queue didn't take it
 */
export async function enqueueReply(ctx: Context, reply: MessageKey, options: EnqueueOptions): Promise<void> {
  try {
    await ctx.queue.enqueue(reply, options)
  } catch (error) {
    await makeDue(ctx, [reply])
    throw error
  }
}

/** Makes queued replies due for the sweep at once. */
export async function makeDue(ctx: Context, replies: MessageKey[]): Promise<void> {
  const values = [replies.map(({ userId }) => userId), replies.map(({ id }) => id)]
  await ctx.db.execute("make-due", MAKE_DUE, values)
}

const MAKE_DUE = `
  UPDATE messages AS m SET lease_until = now() FROM unnest($1::uuid[], $2::uuid[]) AS due (user_id, id)
  WHERE m.user_id = due.user_id AND m.id = due.id AND m.status = 'queued' AND m.lease_until IS DISTINCT FROM 'infinity'`
