import { z } from "zod"
import { IMPORTS } from "../../config/limits.ts"
import { createBreather } from "../../utils/breather.ts"
import { codePointLength } from "../../utils/text.ts"
import { checkForm } from "./check-form.ts"
import {
  checkCount,
  type IncomingFile,
  type IncomingMessage,
  type IncomingRoom,
  lastTimeOf,
  MAX_FILES,
  toFile,
  toTime,
} from "./incoming-room.ts"
import { type ProblemCode, Refused } from "./problems.ts"

const words = (most: number) => z.string().refine((text) => codePointLength(text) <= most)
const Count = z.number().int().min(0).max(2_147_483_647)
const Id = z.uuid().toLowerCase()
const Level = z.enum(["low", "medium", "high"])

const Chatroom = z.object({
  name: words(200).refine((name) => name !== ""),
  nameBy: z.enum(["default", "model", "user"]).default("user"),
  model: z
    .string()
    .max(100)
    .regex(/^[a-z][a-z0-9.-]*$/)
    .nullable()
    .default(null),
  systemInstruction: words(8_000)
    .refine((text) => text !== "")
    .nullable()
    .default(null),
  context: z.enum(["conversation", "single"]).default("conversation"),
  thinking: Level.nullable().default(null),
  webSearch: z.boolean().default(false),
  urlContext: z.boolean().default(false),
  pinned: z.boolean().default(false),
  archivedAt: z.string().nullable().default(null),
  temporary: z.boolean().default(false),
  headId: Id.nullable().default(null),
  createdAt: z.string().nullable().default(null),
  updatedAt: z.string().nullable().default(null),
  lastMessageAt: z.string().nullable().default(null),
})

const Usage = z.object({
  promptTokens: Count,
  cachedTokens: Count.default(0),
  outputTokens: Count,
  thoughtTokens: Count.default(0),
  toolTokens: Count.default(0),
  totalTokens: Count,
})

const Message = z.object({
  id: Id,
  parentId: Id.nullable().default(null),
  role: z.enum(["user", "model"]),
  content: z.string(),
  thoughts: z.string().default(""),
  attachments: z
    .array(
      z.object({
        id: Id.nullable().default(null),
        name: z.string(),
        type: z.string().nullable().default(null),
        bytes: z.number().nullable().default(null),
        width: Count.optional(),
        height: Count.optional(),
        pages: Count.optional(),
      }),
    )
    .max(MAX_FILES)
    .default([]),
  citations: z
    .array(
      z.object({
        uri: z
          .string()
          .max(8_192)
          .regex(/^https?:/i)
          .nullable(),
        title: z.string().max(2_000).nullable(),
        license: z.string().max(200).nullable().default(null),
        start: Count,
        end: Count,
      }),
    )
    .max(1_000)
    .default([]),
  searchQueries: z.array(z.string().max(2_000)).max(100).default([]),
  notices: z
    .array(z.object({ code: z.string().regex(/^[a-z_]{1,50}$/) }))
    .max(20)
    .default([]),
  status: z.enum(["queued", "running", "completed", "failed", "cancelled"]).default("completed"),
  error: z
    .object({ code: z.string().regex(/^[a-z_]{1,50}$/), message: z.string().max(2_000) })
    .nullable()
    .default(null),
  model: z.string().max(100).nullable().default(null),
  finishReason: z.string().max(100).nullable().default(null),
  usage: Usage.nullable().default(null),
  cost: z
    .object({
      amount: z.string().regex(/^\d{1,12}(?:\.\d{1,20})?$/),
      currency: z.string().regex(/^[A-Z]{3}$/),
    })
    .nullable()
    .default(null),
  feedback: z
    .object({ rating: z.enum(["up", "down"]), reason: words(2_000).nullable().default(null) })
    .nullable()
    .default(null),
  createdAt: z.string().nullable().default(null),
  completedAt: z.string().nullable().default(null),
})
type Message = z.infer<typeof Message>

/** Version 1 of the form that `GET /chatroom/:id/export` writes. */
const Exported = z.object({ chatroom: Chatroom, messages: z.array(z.unknown()) })

/** Recognizes an exported chatroom of this service. @throws {Refused} for one of a version that isn't known here */
export function isExport(value: object): boolean {
  if (!("format" in value) || value.format !== "chatroom") return false
  if (!("version" in value) || value.version !== 1) throw new Refused("version_unknown", ["version"])
  return true
}

/** Reads an exported chatroom as it was. @throws {Refused} */
export async function fromExport(value: object): Promise<IncomingRoom> {
  const exported = checkForm(Exported, value, [])
  checkCount(exported.messages.length)
  const { headId, createdAt, updatedAt, archivedAt, lastMessageAt, ...settings } = exported.chatroom
  const created = toTime(createdAt, ["chatroom", "createdAt"]) ?? new Date()
  const indexes = new Map<string, number>()
  const messages: IncomingMessage[] = []
  const breather = createBreather()
  for (const [n, message] of exported.messages.entries()) {
    if (breather.isDue()) await breather.take()
    messages.push(readMessage(message, n, { indexes, created }))
  }
  const head = headId === null ? undefined : indexes.get(headId)
  const notes: ProblemCode[] = headId !== null && head === undefined ? ["head_unknown"] : []
  return {
    settings: { ...settings, archivedAt: toTime(archivedAt, ["chatroom", "archivedAt"]) },
    createdAt: created,
    updatedAt: toTime(updatedAt, ["chatroom", "updatedAt"]) ?? created,
    lastMessageAt: toTime(lastMessageAt, ["chatroom", "lastMessageAt"]) ?? lastTimeOf(messages),
    messages,
    head: head ?? (messages.length > 0 ? messages.length - 1 : null),
    notes,
  }
}

function readMessage(
  value: unknown,
  n: number,
  { indexes, created }: { indexes: Map<string, number>; created: Date },
): IncomingMessage {
  const path = ["messages", n]
  const message = checkForm(Message, value, path)
  if (indexes.has(message.id)) throw new Refused("duplicate_id", [...path, "id"])
  const parent = message.parentId === null ? null : indexes.get(message.parentId)
  // As an export writes them: who comes later can't be a parent, so nothing goes in a circle.
  if (parent === undefined) throw new Refused("parent_unknown", [...path, "parentId"])
  indexes.set(message.id, n)
  for (const name of ["content", "thoughts"] as const)
    if (message[name].length > IMPORTS.maxTextUnits) throw new Refused("text_too_long", [...path, name])
  const createdAt = toTime(message.createdAt, [...path, "createdAt"]) ?? created
  return {
    parent,
    role: message.role,
    content: message.content,
    thoughts: message.thoughts,
    attachments: message.attachments.map(keepFile),
    citations: message.citations,
    searchQueries: message.searchQueries,
    notices: message.notices.map(({ code }) => code),
    ...endOf(message),
    model: message.model,
    finishReason: message.finishReason,
    ...countsOf(message),
    feedback: message.feedback,
    createdAt,
    completedAt: toTime(message.completedAt, [...path, "completedAt"]) ?? createdAt,
  }
}

/** The file itself is looked for when the room is written. */
function keepFile({ id, name, type, bytes, ...size }: Message["attachments"][number]): IncomingFile {
  return { ...toFile(name, type, bytes), ...size, id }
}

/** A reply that wasn't finished when it was exported never will be here. */
function endOf({ role, status, error }: Message) {
  const plain = { status: "completed", errorCode: null, errorMessage: null } as const
  if (role === "user" || status === "completed") return plain
  if (status !== "failed") return { ...plain, status: "cancelled" } as const
  return { status, errorCode: error?.code ?? "internal", errorMessage: error?.message ?? null } as const
}

function countsOf({ usage, cost }: Message) {
  return {
    promptTokens: usage?.promptTokens ?? null,
    cachedTokens: usage?.cachedTokens ?? null,
    outputTokens: usage?.outputTokens ?? null,
    thoughtTokens: usage?.thoughtTokens ?? null,
    toolTokens: usage?.toolTokens ?? null,
    totalTokens: usage?.totalTokens ?? null,
    costAmount: cost?.amount ?? null,
    costCurrency: cost?.currency ?? null,
  }
}
