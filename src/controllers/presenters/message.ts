import type { MessageFields, MessageRecord } from "../../services/chat/message-record.ts"
import { NO_SIBLINGS } from "../../services/chat/siblings.ts"
import type { Context } from "../../services/context.ts"
import type { Citation } from "../../services/replies/provider/citations.ts"
import { failureMessage } from "../../services/replies/provider/failures.ts"
import { toNotice } from "../../services/replies/provider/notices.ts"

/** Presents a message to its owner. */
export function presentMessage(ctx: Context, message: MessageRecord) {
  return {
    ...presentStored(message),
    chatroomId: message.chatroomId,
    siblings: message.siblings ?? NO_SIBLINGS,
    estimatedWaitMs: presentWait(ctx, message),
  }
}

type Waiting = Pick<MessageRecord, "status" | "model" | "queuePosition" | "cooldownMs">

export function presentWait(ctx: Context, message: Waiting): number | null {
  return message.status === "queued" ? ctx.waitEstimator.waitMs(message) : null
}

/** Presents what a message is by itself, wherever it stands. */
export function presentStored(message: MessageFields) {
  return {
    id: message.id,
    parentId: message.parentId,
    role: message.role,
    content: message.content,
    thoughts: message.thoughts,
    attachments: message.attachments,
    citations: message.citations as Citation[],
    searchQueries: message.searchQueries,
    notices: presentNotices(message),
    status: message.status,
    error: presentError(message),
    model: message.model,
    finishReason: message.finishReason,
    usage: presentUsage(message),
    cost: presentCost(message),
    feedback: message.feedback,
    createdAt: message.createdAt.toISOString(),
    completedAt: message.completedAt?.toISOString() ?? null,
  }
}

type Fields<Name extends keyof MessageFields> = Pick<MessageFields, Name>

export const presentNotices = ({ notices }: Fields<"notices">) => notices.map(toNotice)

export function presentError({ errorCode, errorMessage }: Fields<"errorCode" | "errorMessage">) {
  if (errorCode === null) return null
  return { code: errorCode, message: errorMessage ?? failureMessage(errorCode) }
}

type Count = "promptTokens" | "cachedTokens" | "outputTokens" | "thoughtTokens" | "toolTokens" | "totalTokens"

/** A count that the provider left out of its usage is 0. */
export function presentUsage(message: Fields<Count>) {
  const { promptTokens, cachedTokens, outputTokens, thoughtTokens, toolTokens, totalTokens } = message
  const counts = [promptTokens, outputTokens, thoughtTokens, toolTokens]
  if (totalTokens === null && counts.every((count) => count === null)) return null
  return {
    promptTokens: promptTokens ?? 0,
    cachedTokens: cachedTokens ?? 0,
    outputTokens: outputTokens ?? 0,
    thoughtTokens: thoughtTokens ?? 0,
    toolTokens: toolTokens ?? 0,
    totalTokens: totalTokens ?? counts.reduce<number>((sum, count) => sum + (count ?? 0), 0),
  }
}

export function presentCost({ costAmount, costCurrency }: Fields<"costAmount" | "costCurrency">) {
  if (costAmount === null || costCurrency === null) return null
  return { amount: costAmount, currency: costCurrency }
}

/** Presents a prompt with its reply. */
export function presentPromptAndReply(
  ctx: Context,
  { prompt, reply }: { prompt: MessageRecord; reply: MessageRecord },
) {
  return { ...presentMessage(ctx, prompt), reply: presentMessage(ctx, reply) }
}
