import type { MessageFields } from "../../services/chat/message-record.ts"
import type { Context } from "../../services/context.ts"
import type { Citation } from "../../services/replies/provider/citations.ts"
import type { OutgoingRoom } from "../../services/transfer/export-chatroom.ts"
import { toInlineMarkdown as inline, toLinkTarget, toQuotation } from "../../utils/markdown.ts"

/** Presents a branch of a room as Markdown, in pieces: what was said as quotations, which nothing in them can end. */
export async function* toMarkdownDocument(
  ctx: Context,
  { room, pages }: OutgoingRoom,
): AsyncGenerator<string> {
  yield `# ${inline(room.name)}\n\n`
  yield `Model: ${inline(room.model ?? ctx.config.gemini.model)} · created ${timeOf(room.createdAt)}\n`
  if (room.systemInstruction) yield `\n**Instruction**\n\n${toQuotation(room.systemInstruction)}\n`
  for await (const page of pages) yield page.map(formatMessage).join("")
}

function formatMessage(message: MessageFields): string {
  const author = message.role === "user" ? "You" : (message.model ?? "Model")
  const status = message.status === "completed" ? "" : ` · ${message.status}`
  const parts = [`**${inline(author)}** · ${timeOf(message.createdAt)}${status}`]
  if (message.thoughts) parts.push(`Thoughts:\n\n${toQuotation(message.thoughts)}`)
  if (message.content) parts.push(toQuotation(message.content))
  const names = (message.attachments as { name: string }[]).map(({ name }) => inline(name))
  if (names.length > 0) parts.push(`Attached: ${names.join(", ")}`)
  const sources = sourcesOf(message.citations as Citation[])
  if (sources.length > 0) parts.push(`Sources:\n\n${sources.join("\n")}`)
  return `\n---\n\n${parts.join("\n\n")}\n`
}

/** Each once, however many parts of the text it supports. */
function sourcesOf(citations: Citation[]): string[] {
  const sources = new Map(
    citations.flatMap(({ uri, title }) => (uri === null ? [] : [[uri, title ?? uri] as const])),
  )
  return [...sources].map(([uri, title]) => `- [${inline(title)}](${toLinkTarget(uri)})`)
}

function timeOf(time: Date): string {
  return `${time.toISOString().slice(0, 16).replace("T", " ")} UTC`
}
