import { IMPORTS } from "../../config/limits.ts"
import type { ChatroomSettings } from "../../models/chatroom.ts"
import type { Feedback, Role } from "../../models/message.ts"
import { codePointLength } from "../../utils/text.ts"
import { DAY } from "../../utils/time.ts"
import { cleanName } from "../attachments/clean-name.ts"
import { DEFAULTS } from "../chat/create-chatroom.ts"
import { type ProblemCode, Refused } from "./problems.ts"

/** A file that a message names. Without an id it isn't here. */
export interface IncomingFile {
  id: string | null
  name: string
  type: string | null
  bytes: number | null
  width?: number | undefined
  height?: number | undefined
  pages?: number | undefined
}

/** How many files a message may name that aren't here. */
export const MAX_FILES = 20

/** Names a file that isn't here, by what another product knows of it. */
export function toFile(name: unknown, type: unknown, bytes: unknown): IncomingFile {
  const isType = typeof type === "string" && type.length <= 100 && /^[\w.+-]+\/[\w.+-]+$/.test(type)
  const isSize = typeof bytes === "number" && Number.isSafeInteger(bytes) && bytes >= 0
  return {
    id: null,
    name: cleanName(typeof name === "string" ? name.slice(0, 1_000) : ""),
    type: isType ? type : null,
    bytes: isSize ? bytes : null,
  }
}

/** A message of a room that is imported, as it will be stored. */
export interface IncomingMessage {
  /** The index of an earlier message. */
  parent: number | null
  role: Role
  content: string
  thoughts: string
  attachments: IncomingFile[]
  citations: unknown[]
  searchQueries: string[]
  notices: string[]
  status: "completed" | "failed" | "cancelled"
  errorCode: string | null
  errorMessage: string | null
  model: string | null
  finishReason: string | null
  promptTokens: number | null
  cachedTokens: number | null
  outputTokens: number | null
  thoughtTokens: number | null
  toolTokens: number | null
  totalTokens: number | null
  costAmount: string | null
  costCurrency: string | null
  feedback: Feedback | null
  createdAt: Date
  completedAt: Date
}

/** A room that is imported, of whatever format it was. */
export interface IncomingRoom {
  settings: ChatroomSettings
  createdAt: Date
  updatedAt: Date
  lastMessageAt: Date | null
  /** In the order of their positions: a message stands after its parent. */
  messages: IncomingMessage[]
  /** The index of the message whose branch is shown; null for an empty room. */
  head: number | null
  notes: ProblemCode[]
}

/** Returns the time of the newest message. */
export function lastTimeOf(messages: readonly IncomingMessage[]): Date | null {
  const newest = messages.reduce((most, { createdAt }) => Math.max(most, createdAt.getTime()), 0)
  return newest === 0 ? null : new Date(newest)
}

/** What a message has of which the format says nothing. */
export function plainMessage(
  known: Pick<IncomingMessage, "parent" | "role" | "content" | "createdAt">,
): IncomingMessage {
  return {
    thoughts: "",
    attachments: [],
    citations: [],
    searchQueries: [],
    notices: [],
    status: "completed",
    errorCode: null,
    errorMessage: null,
    model: null,
    finishReason: null,
    promptTokens: null,
    cachedTokens: null,
    outputTokens: null,
    thoughtTokens: null,
    toolTokens: null,
    totalTokens: null,
    costAmount: null,
    costCurrency: null,
    feedback: null,
    completedAt: known.createdAt,
    ...known,
  }
}

const MAX_NAME = 200
const MAX_INSTRUCTION = 8_000

/** Returns the settings of a room by the title that it had elsewhere, which stays its name. */
export function settingsFor(title: unknown): ChatroomSettings {
  const name = typeof title === "string" ? firstCharacters(title.replace(/\s+/g, " ").trim(), MAX_NAME) : ""
  return name === "" ? DEFAULTS : { ...DEFAULTS, name, nameBy: "user" }
}

/** Returns an instruction as far as it may be one; null without one. */
export function toInstruction(text: unknown): string | null {
  if (typeof text !== "string" || text.trim() === "") return null
  return codePointLength(text) <= MAX_INSTRUCTION ? text : firstCharacters(text, MAX_INSTRUCTION)
}

function firstCharacters(text: string, most: number): string {
  return codePointLength(text) <= most ? text : [...text.slice(0, 2 * most)].slice(0, most).join("").trim()
}

const EARLIEST = Date.UTC(2000)
/** Seconds until the year 5138, so what is more are milliseconds. */
const MOST_SECONDS = 1e11

/**
 * Reads a time: seconds, milliseconds or ISO 8601.
 * @returns null where there is none
 * @throws {Refused} before 2000 or after tomorrow
 */
export function toTime(value: unknown, path: readonly PropertyKey[]): Date | null {
  if (value === null || value === undefined || value === 0) return null
  const ms = toMs(value)
  if (ms === null || !(ms >= EARLIEST && ms <= Date.now() + DAY)) throw new Refused("time_invalid", path)
  return new Date(ms)
}

function toMs(value: unknown): number | null {
  if (typeof value === "number") return Math.round(value > MOST_SECONDS ? value : value * 1_000)
  return typeof value === "string" && value.length <= 40 ? Date.parse(value) : null
}

/** @throws {Refused} for a text that is too long */
export function checkText(text: string, path: readonly PropertyKey[]): string {
  if (text.length > IMPORTS.maxTextUnits) throw new Refused("text_too_long", path)
  return text
}

/** @throws {Refused} for a conversation with too many messages */
export function checkCount(messages: number): void {
  if (messages > IMPORTS.maxMessages) throw new Refused("too_many_messages")
}
