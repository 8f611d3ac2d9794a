import {
  MESSAGE_COLUMNS,
  type MessageFields,
  type MessageRecord,
} from "../../services/chat/message-record.ts"
import { NO_SIBLINGS } from "../../services/chat/siblings.ts"
import type { Context } from "../../services/context.ts"
import { type TextRow, toIsoTime } from "../../utils/text-rows.ts"
import { toBytes } from "../../utils/to-bytes.ts"
import { presentCost, presentError, presentNotices, presentUsage, presentWait } from "./message.ts"

/**
 * Writes the JSON of `presentMessage` from a row as PostgreSQL wrote it: what a page has most of goes from text to text,
 * without dates, objects and lists in between. Only what few messages have is made an object.
 */
export function messageText(ctx: Context, row: TextRow): string {
  return (
    `{"id":"${row[at.id]}","parentId":${word(row, at.parentId)},"role":"${row[at.role]}",` +
    `"content":${row[at.content]},"thoughts":${row[at.thoughts]},` +
    `"attachments":${json(row, at.attachments)},"citations":${json(row, at.citations)},` +
    `"searchQueries":${json(row, at.searchQueries)},"notices":${noticesOf(row)},"status":"${row[at.status]}",` +
    `"error":${errorOf(row)},"model":${text(row, at.model)},"finishReason":${text(row, at.finishReason)},` +
    `"usage":${usageOf(row)},"cost":${costOf(row)},"feedback":${json(row, at.feedback)},` +
    `"createdAt":${time(row, at.createdAt)},"completedAt":${time(row, at.completedAt)},` +
    `"chatroomId":"${row[at.chatroomId]}","siblings":${siblingsOf(row)},"estimatedWaitMs":${waitOf(ctx, row)}}`
  )
}

/** Writes a JSON list of messages, with `before` in front of it and `after` behind. */
export function messagesBytes(ctx: Context, rows: readonly TextRow[], before = "", after = ""): Uint8Array {
  const texts = rows.map((row, n) => (n === 0 ? "" : ",") + messageText(ctx, row))
  return toBytes([`${before}[`, ...texts, `]${after}`])
}

const at = Object.fromEntries(MESSAGE_COLUMNS.map((name, n) => [name, n])) as Record<
  (typeof MESSAGE_COLUMNS)[number],
  number
>

/** An id, which needs no escapes. */
const word = (row: TextRow, n: number) => (row[n] === null ? "null" : `"${row[n]}"`)
const text = (row: TextRow, n: number) => JSON.stringify(row[n])
const time = (row: TextRow, n: number) => (row[n] === null ? "null" : `"${toIsoTime(row[n] as string)}"`)
const int = (row: TextRow, n: number) => (row[n] === null ? null : Number(row[n]))

/** PostgreSQL writes spaces between the parts, which JavaScript doesn't. */
function json(row: TextRow, n: number): string {
  const value = row[n] as string | null
  if (value === null) return "null"
  return value === "[]" ? value : JSON.stringify(JSON.parse(value))
}

function noticesOf(row: TextRow): string {
  const codes = row[at.notices] as string
  return codes === "[]" ? codes : JSON.stringify(presentNotices({ notices: JSON.parse(codes) as string[] }))
}

function errorOf(row: TextRow): string {
  const errorCode = row[at.errorCode] ?? null
  if (errorCode === null) return "null"
  return JSON.stringify(presentError({ errorCode, errorMessage: row[at.errorMessage] ?? null }))
}

function usageOf(row: TextRow): string {
  return JSON.stringify(
    presentUsage({
      promptTokens: int(row, at.promptTokens),
      cachedTokens: int(row, at.cachedTokens),
      outputTokens: int(row, at.outputTokens),
      thoughtTokens: int(row, at.thoughtTokens),
      toolTokens: int(row, at.toolTokens),
      totalTokens: int(row, at.totalTokens),
    }),
  )
}

function costOf(row: TextRow): string {
  const [costAmount = null, costCurrency = null] = [row[at.costAmount], row[at.costCurrency]]
  return costAmount === null ? "null" : JSON.stringify(presentCost({ costAmount, costCurrency }))
}

function siblingsOf(row: TextRow): string {
  return row[at.siblings] === null ? WITHOUT_SIBLINGS : json(row, at.siblings)
}

const WITHOUT_SIBLINGS = JSON.stringify(NO_SIBLINGS)

function waitOf(ctx: Context, row: TextRow): string {
  const status = row[at.status] as MessageFields["status"]
  if (status !== "queued") return "null"
  return JSON.stringify(
    presentWait(ctx, {
      status,
      model: row[at.model] ?? null,
      queuePosition: Number(row[at.queuePosition]),
      cooldownMs: Number(row[at.cooldownMs]),
    } satisfies Pick<MessageRecord, "status" | "model" | "queuePosition" | "cooldownMs">),
  )
}
