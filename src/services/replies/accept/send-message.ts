import { z } from "zod"
import { inTransaction } from "../../../config/database.ts"
import { InvalidRequest, NotFound, QuotaExceeded } from "../../../utils/errors.ts"
import { newId } from "../../../utils/ids.ts"
import { invalidateChatrooms } from "../../chat/chatroom-cache.ts"
import { type IdempotencyKey, onceForKey } from "../../chat/idempotency.ts"
import { MessageRecord } from "../../chat/message-record.ts"
import { publishRoomChanged } from "../../chat/room-pubsub.ts"
import type { Context } from "../../context.ts"
import { type InsertOutcome, insertPromptAndReply, type NewPrompt } from "./insert-prompt-and-reply.ts"
import { QUEUE_NAME } from "./reply-queue.ts"

export interface SendMessage {
  userId: string
  chatroomId: string
  content: string
  /** The message that this one follows: undefined the branch shown now, null none (a new beginning). */
  parentId?: string | null
  key: IdempotencyKey | null
  requestId: string
}

/** A prompt and the reply that it waits for. */
const PromptAndReply = z.object({ prompt: MessageRecord, reply: MessageRecord })
export type Exchange = z.infer<typeof PromptAndReply>

/**
 * Takes a prompt: the quota unit, the prompt, its pending reply and the idempotency key are written together or not
 * at all. Once that is committed the reply will be made, whatever happens to this process or the queue.
 * @throws {NotFound | InvalidRequest | QuotaExceeded | IdempotencyConflict}
 */
export async function sendMessage(
  ctx: Context,
  send: SendMessage,
): Promise<Exchange & { replayed: boolean }> {
  const { key } = send
  if (key === null) {
    const write = () => takePrompt(ctx, send, ctx.promptBatches.write)
    return { ...(await announce(ctx, send, await ctx.tracing.span(WRITE, {}, write))), replayed: false }
  }
  const taken = await ctx.tracing.span(WRITE, {}, () => writeOnce(ctx, send, key))
  if (!taken.replayed) await announce(ctx, send, taken)
  return { prompt: taken.prompt, reply: taken.reply, replayed: taken.replayed }
}

const WRITE = "write prompt"

type Once = Written & { replayed: boolean }

function writeOnce(ctx: Context, send: SendMessage, key: IdempotencyKey): Promise<Once> {
  return inTransaction(ctx.db.pool, async (client) => {
    const write = (prompt: NewPrompt) => insertPromptAndReply(client, ctx, prompt)
    const once = await onceForKey(client, send.userId, key, () => takePrompt(ctx, send, write))
    return once.replayed
      ? { ...PromptAndReply.parse(once.result), startsNow: false, inFlight: 0, replayed: true }
      : { ...once.result, replayed: false }
  })
}

interface Written extends Exchange {
  startsNow: boolean
  inFlight: number
}

/** After the commit: hints only, so neither may fail the request. */
async function announce(
  ctx: Context,
  { userId, requestId }: SendMessage,
  { prompt, reply, startsNow, inFlight }: Written,
): Promise<Exchange> {
  const { chatroomId } = prompt
  ctx.events.messageSent({ userId, chatroomId, messageId: prompt.id, replyId: reply.id, requestId })
  if (startsNow) {
    const publish = () => ctx.queue.enqueue(reply.id, { inFlight })
    ctx.background.run("enqueue a reply", () => ctx.tracing.span(`send ${QUEUE_NAME}`, PRODUCER, publish))
  }
  publishRoomChanged(ctx, chatroomId)
  await invalidateChatrooms(ctx, userId)
  return { prompt, reply }
}

const PRODUCER = {
  kind: "producer" as const,
  attributes: { "messaging.system": "bullmq", "messaging.destination.name": QUEUE_NAME },
}

/** @param write commits it, or leaves that to the transaction it is in */
async function takePrompt(
  ctx: Context,
  send: SendMessage,
  write: (prompt: NewPrompt) => Promise<InsertOutcome>,
): Promise<Written> {
  const promptId = newId()
  const replyId = newId()
  const { userId, chatroomId, content, parentId, requestId } = send
  const traceparent = ctx.tracing.current()
  const outcome = await write({
    ...{ userId, chatroomId, promptId, replyId, content, parentId, requestId, traceparent },
  })
  if (!outcome.room_found) throw new NotFound("chatroom")
  if (!outcome.parent_found)
    throw new InvalidRequest([{ path: "body.parentId", message: "must be a reply in this chatroom" }])
  if (!outcome.charged) {
    ctx.events.quotaRefused({ userId, tier: outcome.tier, requestId })
    throw new QuotaExceeded({
      limit: outcome.daily_limit ?? 0,
      resetsAt: outcome.resets_at,
      now: outcome.now,
    })
  }
  return {
    ...toPromptAndReply(send, outcome, promptId, replyId),
    startsNow: outcome.starts_now,
    inFlight: outcome.in_flight,
  }
}

/** The rows that were written, put together here: reading them back would cost more than it says. */
function toPromptAndReply(
  { chatroomId, content }: SendMessage,
  written: InsertOutcome,
  promptId: string,
  replyId: string,
): Exchange {
  const common = {
    chatroomId,
    attachments: [],
    errorCode: null,
    finishReason: null,
    promptTokens: null,
    outputTokens: null,
    thoughtTokens: null,
    totalTokens: null,
    attempt: 0,
    queuePosition: 0,
    cooldownMs: 0,
    createdAt: written.now,
  }
  const { parent_id: parentId, position, model, now } = written
  return {
    prompt: {
      ...common,
      id: promptId,
      parentId,
      position,
      role: "user",
      content,
      status: "completed",
      model: null,
      completedAt: now,
    },
    reply: {
      ...common,
      id: replyId,
      parentId: promptId,
      position: position + 1,
      role: "model",
      content: "",
      status: "queued",
      queuePosition: written.queue_position,
      model,
      completedAt: null,
    },
  }
}
