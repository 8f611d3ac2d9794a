import type { MessageRecord } from "../../chat/message-record.ts"
import type { NewPrompt, PromptAndReply } from "./insert-prompt-and-reply.ts"

/** What the database decides about a prompt and its reply that are written. */
export interface Written {
  at: Date
  parentId: string | null
  /** The one before the prompt's. */
  lastPosition: number
  /** The prompt's files, as messages show them. */
  attachments: unknown[]
  /** The one that is to reply. */
  model: string
  queuePosition: number
}

/**
 * Returns a prompt and its reply as they were written. Not read back, because most of their eighty columns are what
 * they are in every new message, and making, sending and reading those costs a tenth of all that a prompt costs.
 */
export function toMessages(prompt: NewPrompt, written: Written): Pick<PromptAndReply, "prompt" | "reply"> {
  const { promptId, replyId, chatroomId, content } = prompt
  const { at, parentId, lastPosition, attachments, model, queuePosition } = written
  return {
    prompt: {
      ...newMessage(),
      id: promptId,
      chatroomId,
      parentId,
      position: lastPosition + 1,
      role: "user",
      content,
      attachments,
      status: "completed",
      model: null,
      createdAt: at,
      completedAt: at,
      queuePosition: 0,
    },
    reply: {
      ...newMessage(),
      id: replyId,
      chatroomId,
      parentId: promptId,
      position: lastPosition + 2,
      role: "model",
      content: "",
      attachments: [],
      status: "queued",
      model,
      createdAt: at,
      completedAt: null,
      queuePosition,
    },
  }
}

/** What the columns of every new message are. */
const newMessage = () =>
  ({
    errorCode: null,
    errorMessage: null,
    finishReason: null,
    promptTokens: null,
    outputTokens: null,
    thoughtTokens: null,
    totalTokens: null,
    cachedTokens: null,
    citations: [],
    attempt: 0,
    thoughts: "",
    searchQueries: [],
    toolTokens: null,
    costAmount: null,
    costCurrency: null,
    feedback: null,
    notices: [],
    siblings: null,
    cooldownMs: 0,
  }) satisfies Partial<MessageRecord>
