import type { Citation } from "../../services/replies/provider/citations.ts"
import type { Share } from "../../services/sharing/own-share.ts"
import type { SharedMessage, SharedPage } from "../../services/sharing/read-shared.ts"

/** What a user should know before the link goes anywhere. */
const NOTICE =
  "Anyone with this link can read the conversation as it is now, and keep a copy of their own. Withdrawing the link ends the link, not the copies. Replies that searched the web are left out."

/** Presents a link to its owner. */
export function presentShare({ url, title, messages, views, createdAt }: Share) {
  return { url, title, messages, views, createdAt: createdAt.toISOString(), notice: NOTICE }
}

/** Presents a page of a shared conversation to anybody: nothing of it names or numbers its owner. */
export function presentShared({ title, createdAt, messageCount, messages }: SharedPage) {
  return {
    title,
    createdAt: createdAt.toISOString(),
    messageCount,
    messages: messages.map(presentSharedMessage),
  }
}

export function presentSharedMessage(message: SharedMessage) {
  return {
    role: message.role,
    content: message.content,
    attachments: message.attachments.map(presentAttachment),
    citations: message.citations as Citation[],
    searchQueries: message.searchQueries,
    status: message.status,
    model: message.model,
    createdAt: message.createdAt.toISOString(),
  }
}

function presentAttachment(attachment: unknown) {
  const { name, type, bytes } = attachment as Record<string, unknown>
  return {
    name: typeof name === "string" ? name : "",
    type: typeof type === "string" ? type : null,
    bytes: typeof bytes === "number" ? bytes : null,
  }
}
