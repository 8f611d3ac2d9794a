import { z } from "zod"
import { type Breather, createBreather } from "../../utils/breather.ts"
import { checkForm as check } from "./check-form.ts"
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
  toTime,
} from "./incoming-room.ts"
import { byTime, inTreeOrder, type TreeNode } from "./message-tree.ts"
import { type ProblemCode, Refused } from "./problems.ts"
import { MAX_SOURCES, toSources } from "./source-links.ts"

const Text = z.string()
const Count = z.number().nullish()
const Time = z.union([z.number(), Text]).nullish()
const Flag = z.boolean().nullish()

const Part = z.union([
  Text,
  z.looseObject({
    content_type: Text.nullish(),
    text: Text.nullish(),
    asset_pointer: Text.nullish(),
    size_bytes: Count,
  }),
])

const Attached = z.looseObject({ name: Text.nullish(), mime_type: Text.nullish(), size: Count })

const Message = z.looseObject({
  author: z.looseObject({ role: Text }),
  create_time: Time,
  recipient: Text.nullish(),
  status: Text.nullish(),
  content: z
    .looseObject({
      content_type: Text.nullish(),
      parts: z.array(Part.nullable()).nullish(),
      text: Text.nullish(),
      language: Text.nullish(),
      thoughts: z.array(z.looseObject({ summary: Text.nullish(), content: Text.nullish() })).nullish(),
    })
    .nullish(),
  metadata: z
    .looseObject({
      is_visually_hidden_from_conversation: Flag,
      is_user_system_message: Flag,
      model_slug: Text.nullish(),
      attachments: z.array(Attached).nullish(),
      content_references: z.array(z.unknown()).nullish(),
    })
    .nullish(),
})
type Message = z.infer<typeof Message>

const Node = z.looseObject({
  message: z.unknown().optional(),
  parent: Text.nullish(),
  children: z.array(Text).nullish(),
})

const Conversation = z.looseObject({
  title: Text.nullish(),
  create_time: Time,
  update_time: Time,
  current_node: Text.nullish(),
  is_archived: Flag,
  is_starred: Flag,
})

/** Recognizes a conversation of ChatGPT's `conversations.json`. */
export function isChatGpt(value: object): value is { mapping: object } {
  return "mapping" in value && typeof value.mapping === "object" && value.mapping !== null
}

/**
 * Converts a conversation as ChatGPT exports it: a tree of nodes, of which only some are shown. Instructions, calls of
 * tools, what tools returned, and hidden nodes are left out; what follows them follows the message before. A reply in
 * several nodes becomes one. @throws {Refused}
 */
export async function fromChatGpt(value: { mapping: object }): Promise<IncomingRoom> {
  const breather = createBreather()
  const { title, create_time, update_time, current_node, is_archived, is_starred } = check(
    Conversation,
    value,
    [],
  )
  const createdAt = toTime(create_time, ["create_time"]) ?? new Date()
  const updatedAt = toTime(update_time, ["update_time"]) ?? createdAt
  const nodes = await readNodes(value.mapping, breather)
  const { messages, indexOf } = await convertNodes(nodes, createdAt, breather)
  if (messages.length === 0) throw new Refused("no_messages")
  const order = byTime(messages.map(({ parent, createdAt }) => ({ parent, at: createdAt.getTime() })))
  const newIndex = new Map(order.map((old, now) => [old, now]))
  const head = typeof current_node === "string" ? indexOf.get(current_node) : undefined
  const notes: ProblemCode[] = head === undefined ? ["head_unknown"] : []
  const settings = settingsFor(title)
  return {
    settings: {
      ...settings,
      pinned: is_starred === true,
      archivedAt: is_archived === true ? updatedAt : null,
    },
    createdAt,
    updatedAt,
    lastMessageAt: lastTimeOf(messages),
    messages: order.map((old) => {
      const message = messages[old] as IncomingMessage
      return { ...message, parent: message.parent === null ? null : (newIndex.get(message.parent) as number) }
    }),
    head: head === undefined || head === null ? messages.length - 1 : (newIndex.get(head) as number),
    notes,
  }
}

interface GptNode extends TreeNode {
  message: Message | null
}

async function readNodes(mapping: object, breather: Breather): Promise<Map<string, GptNode>> {
  const nodes = new Map<string, GptNode>()
  const entries = Object.entries(mapping)
  checkCount(entries.length)
  for (const [id, value] of entries) {
    if (breather.isDue()) await breather.take()
    const { message, parent, children } = check(Node, value, ["mapping", id])
    const isEmpty = message === null || message === undefined
    nodes.set(id, {
      parent: parent ?? null,
      children: children ?? [],
      message: isEmpty ? null : check(Message, message, ["mapping", id, "message"]),
    })
  }
  return nodes
}

/** The message that a node became part of, and what was thought for its next reply. */
interface Place {
  index: number | null
  thoughts: string
  /** Whether nothing else follows the message. */
  isStraight: boolean
}

async function convertNodes(nodes: Map<string, GptNode>, createdAt: Date, breather: Breather) {
  const messages: IncomingMessage[] = []
  const places = new Map<string, Place>()
  const followers = countFollowers(nodes)
  for (const id of inTreeOrder(nodes, ["mapping"])) {
    if (breather.isDue()) await breather.take()
    const { parent, message } = nodes.get(id) as GptNode
    const before = parent === null ? undefined : places.get(parent)
    const place: Place = {
      index: before?.index ?? null,
      thoughts: before?.thoughts ?? "",
      isStraight: (before?.isStraight ?? true) && followers.get(parent) === 1,
    }
    places.set(id, place)
    // What was thought belongs to the first reply that follows: in each of many it could become very long.
    if (before) before.thoughts = ""
    if (!message) continue
    const path = ["mapping", id, "message"]
    const shown = convert(message, path)
    if (shown.thoughts) place.thoughts = join(place.thoughts, shown.thoughts)
    if (shown.role === null) continue
    const ownTime = toTime(message.create_time, [...path, "create_time"])
    const last = place.index === null ? null : (messages[place.index] as IncomingMessage)
    if (shown.role === "model" && last?.role === "model" && place.isStraight) {
      extend(last, shown, place, path)
    } else {
      const { role, text, files, sources, model, isCut } = shown
      messages.push({
        ...plainMessage({
          parent: place.index,
          role,
          content: checkText(text, path),
          createdAt: ownTime ?? last?.createdAt ?? createdAt,
        }),
        attachments: files,
        citations: sources,
        thoughts: role === "model" ? checkText(place.thoughts, path) : "",
        model,
        status: isCut ? "cancelled" : "completed",
      })
      place.index = messages.length - 1
    }
    place.isStraight = true
    if (shown.role === "model") place.thoughts = ""
  }
  return { messages, indexOf: new Map([...places].map(([id, { index }]) => [id, index])) }
}

function countFollowers(nodes: Map<string, GptNode>): Map<string | null, number> {
  const counts = new Map<string | null, number>()
  for (const { parent } of nodes.values()) counts.set(parent, (counts.get(parent) ?? 0) + 1)
  return counts
}

function extend(
  last: IncomingMessage,
  { text, files, sources, model, isCut }: Shown,
  { thoughts }: Place,
  path: PropertyKey[],
): void {
  last.content = checkText(join(last.content, text), path)
  last.thoughts = checkText(join(last.thoughts, thoughts), path)
  last.attachments = [...last.attachments, ...files].slice(0, MAX_FILES)
  last.citations = [...last.citations, ...sources].slice(0, MAX_SOURCES)
  last.model = model ?? last.model
  last.status = isCut ? "cancelled" : "completed"
}

const join = (before: string, after: string) =>
  before === "" || after === "" ? before + after : `${before}\n\n${after}`

/** What is shown of a node; `role` null: nothing. */
interface Shown {
  role: "user" | "model" | null
  text: string
  thoughts: string
  files: IncomingFile[]
  sources: unknown[]
  model: string | null
  isCut: boolean
}

const NOTHING: Shown = {
  role: null,
  text: "",
  thoughts: "",
  files: [],
  sources: [],
  model: null,
  isCut: false,
}

const SHOWN_ROLES: Record<string, "user" | "model"> = { user: "user", assistant: "model", tool: "model" }

function convert({ author, recipient, status, content, metadata }: Message, path: PropertyKey[]): Shown {
  const known = author.role === "system" || Object.hasOwn(SHOWN_ROLES, author.role)
  if (!known) throw new Refused("role_unknown", [...path, "author", "role"])
  const type = content?.content_type ?? "text"
  const isHidden =
    metadata?.is_visually_hidden_from_conversation === true || metadata?.is_user_system_message === true
  if (author.role === "system" || isHidden || !content) return NOTHING
  if (type === "thoughts") return { ...NOTHING, thoughts: thoughtsOf(content) }
  // A call of a tool, written for it.
  if (author.role === "assistant" && recipient && recipient !== "all") return NOTHING
  const files = filesOf(content, metadata)
  // Of what a tool returned the images alone are shown.
  const text = author.role === "tool" ? "" : textOf(content, type)
  if (text.trim() === "" && files.length === 0) return NOTHING
  return {
    role: SHOWN_ROLES[author.role] as "user" | "model",
    text,
    thoughts: "",
    files,
    sources: toSources(metadata?.content_references),
    model: author.role === "user" ? null : (metadata?.model_slug?.slice(0, 100) ?? null),
    isCut: status === "in_progress",
  }
}

type Content = NonNullable<Message["content"]>

function thoughtsOf({ thoughts }: Content): string {
  return (thoughts ?? [])
    .map(({ summary, content }) =>
      [summary ? `**${summary}**` : "", content ?? ""].filter(Boolean).join("\n\n"),
    )
    .filter(Boolean)
    .join("\n\n")
}

/** Types of content that are words to or from the user; the others are for tools, or for the model alone. */
const WORDS = new Set(["text", "multimodal_text", "code"])

function textOf({ parts, text, language }: Content, type: string): string {
  if (!WORDS.has(type)) return ""
  if (type === "code") return text ? toCodeBlock(text, language) : ""
  const words = (parts ?? []).map((part) => (typeof part === "string" ? part : (part?.text ?? "")))
  return withoutMarks(words.filter(Boolean).join("\n\n"))
}

function toCodeBlock(code: string, language: string | null | undefined): string {
  const longest = (code.match(/`{3,}/g) ?? []).reduce((most, { length }) => Math.max(most, length), 2)
  const fence = "`".repeat(longest + 1)
  return `${fence}${language && /^\w+$/.test(language) ? language : ""}\n${code}\n${fence}`
}

/** Where ChatGPT shows sources it writes marks between two characters of its own. */
function withoutMarks(text: string): string {
  if (!text.includes("\ue200")) return text
  const [first = "", ...marked] = text.split("\ue200")
  return first + marked.map((part) => part.slice(part.indexOf("\ue201") + 1)).join("")
}

/** The files are named by themselves or, without that, where they are shown. Their content isn't in an export. */
function filesOf({ parts }: Content, metadata: Message["metadata"]): IncomingFile[] {
  const named = metadata?.attachments ?? []
  if (named.length > 0)
    return named.slice(0, MAX_FILES).map(({ name, mime_type, size }) => toFile(name, mime_type, size))
  const shown = (parts ?? []).flatMap((part) =>
    typeof part === "object" && part?.asset_pointer ? [{ ...part, pointer: part.asset_pointer }] : [],
  )
  return shown
    .slice(0, MAX_FILES)
    .map(({ pointer, size_bytes }) => toFile(pointer.split("/").at(-1), null, size_bytes))
}
