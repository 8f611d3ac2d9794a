import { z } from "zod"
import { type Breather, createBreather } from "../../utils/breather.ts"
import { AnyTime, Anything, checkForm as check } from "./check-form.ts"
import {
  checkCount,
  checkText,
  type IncomingFile,
  type IncomingMessage,
  type IncomingRoom,
  lastTimeOf,
  MAX_FILES,
  plainMessage,
  settingsFor,
  toFile,
  toInstruction,
  toTime,
} from "./incoming-room.ts"
import { inTreeOrder, type TreeNode } from "./message-tree.ts"
import { type ProblemCode, Refused } from "./problems.ts"
import { splitReasoning } from "./reasoning.ts"
import { sortMessages } from "./sort-messages.ts"
import { toSources } from "./source-links.ts"

const Text = z.string()

const Part = z.looseObject({ type: Text.nullish(), text: Text.nullish() })

const Message = z.looseObject({
  parentId: Text.nullish(),
  childrenIds: z.array(Text).nullish(),
  role: Text,
  content: z.union([Text, z.array(Part)]).nullish(),
  timestamp: AnyTime,
  model: Text.nullish(),
  done: Anything,
  error: Anything,
  files: z.array(z.unknown()).nullish(),
  sources: Anything,
  annotation: z.looseObject({ rating: Anything, comment: Text.nullish() }).nullish(),
})
type Message = z.infer<typeof Message>

const Chat = z.looseObject({
  title: Text.nullish(),
  system: Text.nullish(),
  params: z.looseObject({ system: Text.nullish() }).nullish(),
  history: z
    .looseObject({ messages: z.record(Text, z.unknown()).nullish(), currentId: Text.nullish() })
    .nullish(),
  messages: z.array(z.unknown()).nullish(),
})

const Entry = z.looseObject({
  title: Text.nullish(),
  created_at: AnyTime,
  updated_at: AnyTime,
  archived: Anything,
  pinned: Anything,
})

/** Recognizes a chat of an export of Open WebUI, with what is kept around it or without. */
export function isOpenWebUi(value: object): boolean {
  const chat = chatOf(value)
  return isObject(chat.history) || (Array.isArray(chat.messages) && !("format" in value))
}

function chatOf(value: object): { history?: unknown; messages?: unknown } {
  return "chat" in value && isObject(value.chat) ? value.chat : value
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null

/**
 * Converts a chat as Open WebUI exports it: messages that name their parent, or a list of them. System messages become
 * the room's instruction; reasoning within a reply becomes its thoughts. @throws {Refused}
 */
export async function fromOpenWebUi(value: object): Promise<IncomingRoom> {
  const breather = createBreather()
  const entry = check(Entry, value, [])
  const chat = check(Chat, chatOf(value), "chat" in value ? ["chat"] : [])
  const { nodes, path } = await readNodes(chat, breather)
  const createdAt = toTime(entry.created_at, ["created_at"]) ?? new Date()
  const updatedAt = toTime(entry.updated_at, ["updated_at"]) ?? createdAt
  const { messages, indexOf, system } = await convertNodes(nodes, { createdAt, path, breather })
  if (messages.length === 0) throw new Refused("no_messages")
  const currentId = chat.history?.currentId ?? null
  const head = currentId === null ? undefined : indexOf.get(currentId)
  const notes: ProblemCode[] = currentId !== null && !nodes.has(currentId) ? ["head_unknown"] : []
  return {
    settings: {
      ...settingsFor(chat.title ?? entry.title),
      systemInstruction: toInstruction(chat.params?.system ?? chat.system ?? system),
      pinned: entry.pinned === true,
      archivedAt: entry.archived === true ? updatedAt : null,
    },
    createdAt,
    updatedAt,
    lastMessageAt: lastTimeOf(messages),
    ...sortMessages(messages, head ?? null),
    notes,
  }
}

interface ChatNode extends TreeNode {
  message: Message
}

/** Old exports have a list alone, in which each message follows the one before. */
async function readNodes({ history, messages }: z.infer<typeof Chat>, breather: Breather) {
  const nodes = new Map<string, ChatNode>()
  if (history?.messages) {
    const path = ["chat", "history", "messages"]
    const entries = Object.entries(history.messages)
    checkCount(entries.length)
    for (const [id, value] of entries) {
      if (breather.isDue()) await breather.take()
      const message = check(Message, value, [...path, id])
      nodes.set(id, { parent: message.parentId ?? null, children: message.childrenIds ?? [], message })
    }
    return { nodes, path }
  }
  const path = ["chat", "messages"]
  checkCount(messages?.length ?? 0)
  for (const [n, value] of (messages ?? []).entries()) {
    if (breather.isDue()) await breather.take()
    const message = check(Message, value, [...path, n])
    nodes.set(String(n), { parent: n === 0 ? null : String(n - 1), children: [], message })
  }
  return { nodes, path }
}

async function convertNodes(
  nodes: Map<string, ChatNode>,
  { createdAt, path, breather }: { createdAt: Date; path: readonly PropertyKey[]; breather: Breather },
) {
  const messages: IncomingMessage[] = []
  const indexOf = new Map<string, number | null>()
  let system: string | null = null
  for (const id of inTreeOrder(nodes, path)) {
    if (breather.isDue()) await breather.take()
    const { parent, message } = nodes.get(id) as ChatNode
    const index = parent === null ? null : (indexOf.get(parent) ?? null)
    const at = [...path, id]
    const converted = convert(message, at)
    if (!converted) {
      system ??= message.role === "system" ? wordsOf(message) : null
      indexOf.set(id, index)
      continue
    }
    const before = index === null ? undefined : messages[index]
    const time = toTime(message.timestamp, [...at, "timestamp"]) ?? before?.createdAt ?? createdAt
    messages.push({ ...converted, parent: index, createdAt: time, completedAt: time })
    indexOf.set(id, messages.length - 1)
  }
  return { messages, indexOf, system }
}

/** @returns null for what isn't shown */
function convert(message: Message, path: PropertyKey[]): IncomingMessage | null {
  const { role, model, files, done, error, sources } = message
  if (role === "system" || role === "tool") return null
  if (role !== "user" && role !== "assistant") throw new Refused("role_unknown", [...path, "role"])
  const words = wordsOf(message)
  const attachments = (files ?? []).slice(0, MAX_FILES).flatMap((file) => fileOf(file))
  if (role === "user") {
    if (words.trim() === "" && attachments.length === 0) return null
    const prompt = { parent: null, role, content: checkText(words, path), createdAt: new Date(0) } as const
    return { ...plainMessage(prompt), attachments }
  }
  const { content, thoughts } = splitReasoning(words)
  const reply = {
    parent: null,
    role: "model",
    content: checkText(content, path),
    createdAt: new Date(0),
  } as const
  return {
    ...plainMessage(reply),
    thoughts: checkText(thoughts, path),
    attachments,
    citations: toSources(sources),
    model: model?.slice(0, 100) || null,
    ...endOf(error, done),
    feedback: feedbackOf(message),
  }
}

function endOf(error: unknown, done: unknown) {
  if (!error) return { status: done === false ? "cancelled" : "completed" } as const
  const words = isObject(error) && "content" in error ? error.content : error
  return {
    status: "failed",
    errorCode: "internal",
    errorMessage: typeof words === "string" && words !== "" ? words.slice(0, 500).toWellFormed() : null,
  } as const
}

function wordsOf({ content }: Message): string {
  if (typeof content === "string") return content
  return (content ?? []).flatMap(({ text }) => text || []).join("\n\n")
}

/** What is known of a file stands in different places, by its kind and the version. */
function fileOf(value: unknown): IncomingFile[] {
  if (!isObject(value)) return []
  const file = value as Record<string, unknown>
  const inner = (isObject(file.file) ? file.file : {}) as Record<string, unknown>
  const meta = (isObject(inner.meta) ? inner.meta : {}) as Record<string, unknown>
  const embedded =
    typeof file.url === "string" ? /^data:([\w.+-]+\/[\w.+-]+);/.exec(file.url)?.[1] : undefined
  const name = file.name ?? inner.filename ?? meta.name ?? file.type
  return [
    toFile(name, file.content_type ?? meta.content_type ?? embedded, file.size ?? meta.size ?? inner.size),
  ]
}

const MAX_REASON = 2_000

function feedbackOf({ annotation }: Message) {
  const rating = annotation?.rating
  if (rating !== 1 && rating !== -1) return null
  const reason = annotation?.comment?.slice(0, MAX_REASON).toWellFormed() || null
  return { rating: rating === 1 ? "up" : "down", reason } as const
}
