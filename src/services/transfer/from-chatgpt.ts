import { z } from "zod"
import { type Breather, createBreather } from "../../utils/breather.ts"
import { GptMessage, type Shown, showMessage } from "./chatgpt-message.ts"
import { AnyTime, Anything, checkForm as check } from "./check-form.ts"
import {
  checkCount,
  checkText,
  type IncomingMessage,
  type IncomingRoom,
  lastTimeOf,
  MAX_FILES,
  plainMessage,
  settingsFor,
  toTime,
} from "./incoming-room.ts"
import { inTreeOrder, type TreeNode } from "./message-tree.ts"
import { type ProblemCode, Refused } from "./problems.ts"
import { sortMessages } from "./sort-messages.ts"
import { MAX_SOURCES } from "./source-links.ts"

const Text = z.string()

const Node = z.looseObject({
  message: Anything,
  parent: Text.nullish(),
  children: z.array(Text).nullish(),
})

const Conversation = z.looseObject({
  title: Anything,
  create_time: AnyTime,
  update_time: AnyTime,
  current_node: Text.nullish(),
  is_archived: Anything,
  is_starred: Anything,
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
    ...sortMessages(messages, head ?? null),
    notes,
  }
}

interface GptNode extends TreeNode {
  message: GptMessage | null
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
      message: isEmpty ? null : check(GptMessage, message, ["mapping", id, "message"]),
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
    const shown = showMessage(message, path)
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
