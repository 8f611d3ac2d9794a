import type { ThinkingLevel } from "../../../models/chatroom.ts"
import { NotContinuable, NotFound } from "../../../utils/errors.ts"
import { readMessage } from "../../chat/list-messages.ts"
import type { MessageRecord } from "../../chat/message-record.ts"
import { requireOffered } from "../../chat/offered-models.ts"
import type { Context } from "../../context.ts"
import { failedByPrompt } from "../../usage/quota.ts"
import { type AddedReply, type AddReply, addReply } from "./add-reply.ts"

export interface ContinueReply extends AddReply {
  /** Instead of the room's. */
  model: string | null
  thinking: ThinkingLevel | null
}

/**
 * Goes on with a reply that ended early, in a version beside it that begins with its text.
 * @throws {NotFound} also for a prompt
 * @throws {NotContinuable | InvalidRequest | QuotaExceeded | IdempotencyConflict}
 */
export async function continueReply(
  ctx: Context,
  { model, thinking, ...add }: ContinueReply,
): Promise<AddedReply> {
  const { userId, chatroomId, messageId } = add
  return addReply(ctx, add, "continue", async (client) => {
    const message = await readMessage(client, { userId, id: messageId })
    if (message?.chatroomId !== chatroomId) throw new NotFound("message")
    const { role, parentId } = message
    if (role !== "model" || parentId === null) throw new NotFound("reply")
    if (!endedEarly(message)) throw new NotContinuable()
    await requireOffered(client, ctx.config.gemini, { userId, name: model })
    return { promptId: parentId, prefixOf: message, model, thinking }
  })
}

/** With text, and not because the provider refuses more of it. */
function endedEarly({ status, finishReason, errorCode, content }: MessageRecord): boolean {
  if (content === "") return false
  if (status === "completed") return finishReason === "MAX_TOKENS"
  return status === "cancelled" || (status === "failed" && !failedByPrompt(errorCode))
}
