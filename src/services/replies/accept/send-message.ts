import type pg from "pg"
import { inTransaction } from "../../../config/database.ts"
import { reviveRecord } from "../../../models/columns.ts"
import { messageColumns } from "../../../models/message.ts"
import {
  AttachmentUnsupported,
  InvalidRequest,
  NotFound,
  QuotaExceeded,
  RoomBusy,
} from "../../../utils/errors.ts"
import { newId } from "../../../utils/ids.ts"
import { type IdempotencyKey, keepResult, takeKey } from "../../chat/idempotency.ts"
import { factsAbout } from "../../chat/model-facts.ts"
import type { Context } from "../../context.ts"
import { announceReply } from "./announce-reply.ts"
import { type InsertedInFront, insertInFront } from "./insert-in-front.ts"
import {
  type InsertOutcome,
  insertPromptAndReply,
  type NewPrompt,
  type PromptAndReply,
} from "./insert-prompt-and-reply.ts"
import { stopReply } from "./stop-reply.ts"

export interface SendMessage
  extends Pick<NewPrompt, "userId" | "chatroomId" | "content" | "thinking" | "requestId"> {
  /** The message that this one follows: undefined the branch shown now, null none (a new beginning). */
  parentId?: string | null
  /** Files of the user, in the order that the message shows; none unless given. */
  attachments?: readonly string[] | undefined
  /** What to do while a reply of the room is unfinished: wait for it, refuse, or stop what has begun and be next. */
  onBusy?: OnBusy
  key: IdempotencyKey | null
}

export type OnBusy = "queue" | "reject" | "interrupt"

/** A prompt with the reply that it waits for; `replayed`: by an earlier request with the same key. */
export type SentMessage = Pick<PromptAndReply, "prompt" | "reply"> & { replayed: boolean }

/**
 * Takes a prompt: the quota unit, the prompt, its pending reply and the idempotency key are written together or not
 * at all. Once that is committed the reply will be made, whatever happens to this process or the queue.
 * One that interrupts returns when what it stopped has ended, or after `cancelMs`: the reply is sure to end.
 * @throws {NotFound | InvalidRequest | RoomBusy | AttachmentUnsupported | QuotaExceeded | IdempotencyConflict}
 */
export async function sendMessage(
  ctx: Context,
  { key, onBusy = "queue", ...rest }: SendMessage,
): Promise<SentMessage> {
  const send = { ...rest, onBusy }
  const written = await ctx.tracing.span("write prompt", {}, () =>
    key || onBusy === "interrupt" ? writeOnce(ctx, send, key) : write(ctx, send, null),
  )
  if ("replayed" in written) return written
  announce(ctx, send, written)
  if (written.stopped) await stop(ctx, send, written.stopped)
  return { prompt: written.prompt, reply: written.reply, replayed: false }
}

interface Send extends Omit<SendMessage, "key"> {
  onBusy: OnBusy
}

interface Written extends PromptAndReply {
  /** What it interrupts. */
  stopped: InsertedInFront["stopped"]
}

function writeOnce(ctx: Context, send: Send, key: IdempotencyKey | null): Promise<Written | SentMessage> {
  return inTransaction(ctx.db.pool, async (client) => {
    const earlier = key && (await takeKey(client, send.userId, key))
    if (earlier) return revive(earlier.result)
    const written = await write(ctx, send, client)
    const { prompt, reply } = written
    const { userId, chatroomId } = send
    if (key) await keepResult(client, userId, key, { chatroomId, result: { prompt, reply } })
    return written
  })
}

function revive(result: unknown): SentMessage {
  const { prompt, reply } = result as Pick<SentMessage, "prompt" | "reply">
  return {
    prompt: reviveRecord(messageColumns, prompt),
    reply: reviveRecord(messageColumns, reply),
    replayed: true,
  }
}

/** @param client of the transaction to write in; without one, prompts that come together are written together */
async function write(ctx: Context, send: Send, client: pg.ClientBase | null): Promise<Written> {
  const { onBusy, attachments = [], ...rest } = send
  const ids = { promptId: newId(), replyId: newId(), traceparent: ctx.tracing.current() }
  const unlessBusy = onBusy === "reject"
  const prompt: NewPrompt = { parentId: undefined, ...rest, attachments, unlessBusy, ...ids }
  if (client && onBusy === "interrupt") {
    const { outcome, stopped } = await insertInFront(client, ctx, prompt)
    return { ...requireWritten(ctx, send, outcome), stopped }
  }
  const outcome = client
    ? await insertPromptAndReply(client, ctx, prompt)
    : await ctx.promptBatches.write(prompt)
  return { ...requireWritten(ctx, send, outcome), stopped: null }
}

function requireWritten(ctx: Context, { userId, requestId }: Send, found: InsertOutcome): PromptAndReply {
  switch (found.outcome) {
    case "no-room":
      throw new NotFound("chatroom")
    case "busy":
      throw new RoomBusy()
    case "no-parent":
      throw new InvalidRequest([{ path: "body.parentId", message: "must be a reply in this chatroom" }])
    case "no-attachment":
      throw new NotFound("attachment")
    case "unreadable":
      throw new AttachmentUnsupported(found.model, factsAbout(found.model).attachments)
    case "no-quota":
      ctx.events.quotaRefused({ userId, tier: found.tier, requestId })
      throw new QuotaExceeded(found)
    case "written":
      return found
  }
}

/** After the commit. */
function announce(ctx: Context, { userId, chatroomId, requestId }: Send, written: PromptAndReply): void {
  const { prompt, reply } = written
  ctx.events.messageSent({ userId, chatroomId, messageId: prompt.id, replyId: reply.id, requestId })
  announceReply(ctx, { userId, id: chatroomId }, written)
}

/** Whatever fails here, the request to stop is on the row: the reply's worker sees it, or the next one. */
async function stop(
  ctx: Context,
  { userId, chatroomId, requestId }: Send,
  { id, ...requested }: NonNullable<Written["stopped"]>,
): Promise<void> {
  ctx.events.replyInterrupted({ userId, chatroomId, replyId: id, requestId })
  await stopReply(ctx, { userId, id, chatroomId }, requested).catch((err: unknown) =>
    ctx.log.warn({ err, replyId: id }, "interrupted reply not ended"),
  )
}
