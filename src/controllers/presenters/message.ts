import type { MessageRecord } from "../../services/chat/message-record.ts"
import { failureMessage } from "../../services/generation/failures.ts"

/** A message as clients see it. */
export function presentMessage(message: MessageRecord) {
  return {
    id: message.id,
    chatroomId: message.chatroomId,
    parentId: message.parentId,
    role: message.role,
    content: message.content,
    attachments: message.attachments,
    status: message.status,
    error:
      message.errorCode === null
        ? null
        : { code: message.errorCode, message: failureMessage(message.errorCode) },
    model: message.model,
    finishReason: message.finishReason,
    usage: presentUsage(message),
    createdAt: message.createdAt.toISOString(),
    completedAt: message.completedAt?.toISOString() ?? null,
  }
}

function presentUsage({ promptTokens, outputTokens, thoughtTokens, totalTokens }: MessageRecord) {
  if (totalTokens === null) return null
  return {
    promptTokens: promptTokens ?? 0,
    outputTokens: outputTokens ?? 0,
    thoughtTokens: thoughtTokens ?? 0,
    totalTokens,
  }
}

/** A prompt with the reply that it waits for. */
export function presentExchange({ prompt, reply }: { prompt: MessageRecord; reply: MessageRecord }) {
  return { ...presentMessage(prompt), reply: presentMessage(reply) }
}
