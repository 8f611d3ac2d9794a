import type pg from "pg"
import { inTransaction } from "../../../config/database.ts"
import type { ThinkingLevel } from "../../../models/chatroom.ts"
import { reviveRecord } from "../../../models/columns.ts"
import { messageColumns } from "../../../models/message.ts"
import { NotFound, QuotaExceeded } from "../../../utils/errors.ts"
import { newId } from "../../../utils/ids.ts"
import { type IdempotencyKey, keepResult, takeKey } from "../../chat/idempotency.ts"
import { readMessage } from "../../chat/list-messages.ts"
import type { MessageRecord } from "../../chat/message-record.ts"
import type { Context } from "../../context.ts"
import { announceReply } from "./announce-reply.ts"
import { insertReply, type WrittenReply } from "./insert-reply.ts"
import { lockRoom } from "./locked-room.ts"

/** Which message another reply is asked for, and by whom. */
export interface AddReply {
  userId: string
  chatroomId: string
  messageId: string
  requestId: string
  key: IdempotencyKey | null
}

/** What the reply is made of. */
export interface ReplyPlan {
  promptId: string
  /** The reply whose text it goes on from; null: it begins anew. */
  prefixOf: Pick<MessageRecord, "content" | "citations" | "searchQueries"> | null
  model: string | null
  thinking: ThinkingLevel | null
}

/** `replayed`: by an earlier request with the same key. */
export interface AddedReply {
  reply: MessageRecord
  replayed: boolean
}

/**
 * Adds a reply to a prompt that is there: the unit, the reply and the idempotency key are written together or not at all,
 * in the locked room. It is made when what is unfinished in the room has ended.
 * @param kind for logs and metrics
 * @param plan reads in the locked room what is to be replied to; it throws where that can't be
 * @throws {NotFound | QuotaExceeded | IdempotencyConflict} and what `plan` does
 */
export async function addReply(
  ctx: Context,
  { key, ...add }: AddReply,
  kind: "regenerate" | "continue",
  plan: (client: pg.ClientBase) => Promise<ReplyPlan>,
): Promise<AddedReply> {
  const { userId, chatroomId, requestId } = add
  const written = await inTransaction(ctx.db.pool, async (client) => {
    const earlier = key && (await takeKey(client, userId, key))
    if (earlier) return { replayed: reviveRecord(messageColumns, earlier.result) as MessageRecord }
    const written = await write(ctx, client, add, plan)
    if (key) await keepResult(client, userId, key, { chatroomId, result: written.reply })
    return written
  }).catch((error: unknown) => {
    if (error instanceof QuotaExceeded) ctx.events.quotaRefused({ userId, tier: error.tier, requestId })
    throw error
  })
  if ("replayed" in written) return { reply: written.replayed, replayed: true }
  const { reply } = written
  ctx.events.replyAdded({ userId, chatroomId, replyId: reply.id, kind, requestId })
  announceReply(ctx, { userId, id: chatroomId }, written)
  return { reply, replayed: false }
}

/** The room is locked before the message is read, so that none can be deleted or ended meanwhile. */
async function write(
  ctx: Context,
  client: pg.ClientBase,
  { userId, chatroomId, requestId }: Omit<AddReply, "key">,
  plan: (client: pg.ClientBase) => Promise<ReplyPlan>,
): Promise<WrittenReply> {
  await lockRoom(client, ctx, { userId, chatroomId, what: "message" })
  const { model, ...planned } = await plan(client)
  // In what was imported, a reply may follow another one.
  const prompt = await readMessage(client, { userId, id: planned.promptId })
  if (prompt?.role !== "user") throw new NotFound("prompt")
  const room = await lockRoom(client, ctx, { userId, chatroomId, model })
  const traceparent = ctx.tracing.current()
  return insertReply(client, ctx, room, { id: newId(), ...planned, requestId, traceparent })
}
