import type { ThinkingLevel } from "../../../models/chatroom.ts"
import { NotFound } from "../../../utils/errors.ts"
import { readMessage } from "../../chat/list-messages.ts"
import { requireOffered } from "../../chat/offered-models.ts"
import type { Context } from "../../context.ts"
import { type AddedReply, type AddReply, addReply } from "./add-reply.ts"

export interface RegenerateReply extends AddReply {
  /** Instead of the room's. */
  model: string | null
  thinking: ThinkingLevel | null
}

/**
 * Makes another reply to a prompt, or to the prompt of a reply: a version beside the others, which the room then shows.
 * @throws {NotFound | InvalidRequest | QuotaExceeded | IdempotencyConflict}
 */
export async function regenerateReply(
  ctx: Context,
  { model, thinking, ...add }: RegenerateReply,
): Promise<AddedReply> {
  const { userId, chatroomId, messageId } = add
  return addReply(ctx, add, "regenerate", async (client) => {
    const message = await readMessage(client, { userId, id: messageId })
    if (message?.chatroomId !== chatroomId) throw new NotFound("message")
    const promptId = message.role === "user" ? message.id : message.parentId
    if (promptId === null) throw new NotFound("prompt")
    await requireOffered(client, ctx.config.gemini, { userId, name: model })
    return { promptId, prefixOf: null, model, thinking }
  })
}
