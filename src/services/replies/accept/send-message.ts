import type pg from "pg"
import { inTransaction } from "../../../config/database.ts"
import { reviveRecord } from "../../../models/columns.ts"
import { messageColumns } from "../../../models/message.ts"
import { AttachmentUnsupported, InvalidRequest, NotFound, QuotaExceeded } from "../../../utils/errors.ts"
import { newId } from "../../../utils/ids.ts"
import { type IdempotencyKey, keepResult, takeKey } from "../../chat/idempotency.ts"
import { factsAbout } from "../../chat/model-facts.ts"
import type { Context } from "../../context.ts"
import { announceReply } from "./announce-reply.ts"
import { insertPromptAndReply, type NewPrompt, type PromptAndReply } from "./insert-prompt-and-reply.ts"

export interface SendMessage
  extends Pick<NewPrompt, "userId" | "chatroomId" | "content" | "thinking" | "requestId"> {
  /** The message that this one follows: undefined the branch shown now, null none (a new beginning). */
  parentId?: string | null
  /** Files of the user, in the order that the message shows; none unless given. */
  attachments?: readonly string[] | undefined
  key: IdempotencyKey | null
}

/** A prompt with the reply that it waits for; `replayed`: by an earlier request with the same key. */
export type SentMessage = Pick<PromptAndReply, "prompt" | "reply"> & { replayed: boolean }

/**
 * Takes a prompt: the quota unit, the prompt, its pending reply and the idempotency key are written together or not
 * at all. Once that is committed the reply will be made, whatever happens to this process or the queue.
 * @throws {NotFound | InvalidRequest | AttachmentUnsupported | QuotaExceeded | IdempotencyConflict}
 */
export async function sendMessage(ctx: Context, { key, ...send }: SendMessage): Promise<SentMessage> {
  const written = await ctx.tracing.span("write prompt", {}, () =>
    key ? writeOnce(ctx, send, key) : write(ctx, send, null),
  )
  if ("replayed" in written) return written
  announce(ctx, send, written)
  return { prompt: written.prompt, reply: written.reply, replayed: false }
}

type Send = Omit<SendMessage, "key">

function writeOnce(ctx: Context, send: Send, key: IdempotencyKey): Promise<PromptAndReply | SentMessage> {
  return inTransaction(ctx.db.pool, async (client) => {
    const earlier = await takeKey(client, send.userId, key)
    if (earlier) return revive(earlier.result)
    const written = await write(ctx, send, client)
    await keepResult(client, send.userId, key, { prompt: written.prompt, reply: written.reply })
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
async function write(ctx: Context, send: Send, client: pg.ClientBase | null): Promise<PromptAndReply> {
  const { userId, requestId } = send
  const ids = { promptId: newId(), replyId: newId(), traceparent: ctx.tracing.current() }
  const { attachments = [] } = send
  const prompt: NewPrompt = { parentId: undefined, ...send, attachments, ...ids }
  const written = client
    ? await insertPromptAndReply(client, ctx, prompt)
    : await ctx.promptBatches.write(prompt)
  switch (written.outcome) {
    case "no-room":
      throw new NotFound("chatroom")
    case "no-parent":
      throw new InvalidRequest([{ path: "body.parentId", message: "must be a reply in this chatroom" }])
    case "no-attachment":
      throw new NotFound("attachment")
    case "unreadable":
      throw new AttachmentUnsupported(written.model, factsAbout(written.model).attachments)
    case "no-quota":
      ctx.events.quotaRefused({ userId, tier: written.tier, requestId })
      throw new QuotaExceeded(written)
    case "written":
      return written
  }
}

/** After the commit. */
function announce(ctx: Context, { userId, chatroomId, requestId }: Send, written: PromptAndReply): void {
  const { prompt, reply } = written
  ctx.events.messageSent({ userId, chatroomId, messageId: prompt.id, replyId: reply.id, requestId })
  announceReply(ctx, { userId, id: chatroomId }, written)
}
