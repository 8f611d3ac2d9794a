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
 * Writes a JSON list of messages, each as `presentMessage` has it, with `before` in front of the list and `after` behind. What
 * a page has most of goes from text to text, as PostgreSQL wrote it, without dates, objects and lists in between; only what
 * few messages have is made an object.
 */
export function messagesBytes(ctx: Context, rows: readonly TextRow[], before = "", after = ""): Uint8Array {
  // Long texts are written as they are: together with what is around them they would be copied once more.
  const parts: string[] = []
  let around = `${before}[`
  for (const row of rows) {
    const [content, thoughts] = [row[at.content] as string, row[at.thoughts] as string]
    parts.push(around + beforeContent(row), content, `,"thoughts":`, thoughts)
    around = `${afterThoughts(ctx, row)},`
  }
  if (rows.length > 0) around = around.slice(0, -1)
  return toBytes([...parts, `${around}]${after}`])
}

const beforeContent = (row: TextRow) =>
  `{"id":"${row[at.id]}","parentId":${word(row, at.parentId)},"role":"${row[at.role]}","content":`

const afterThoughts = (ctx: Context, row: TextRow) =>
  `,${listsOf(row)},"status":"${row[at.status]}",${makingOf(row)},` +
  `"feedback":${json(row, at.feedback)},"createdAt":${time(row, at.createdAt)},` +
  `"completedAt":${time(row, at.completedAt)},"chatroomId":"${row[at.chatroomId]}",` +
  `"siblings":${siblingsOf(row)},"estimatedWaitMs":${waitOf(ctx, row)}}`

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

/** Writes the four lists. Most messages have none of them. */
function listsOf(row: TextRow): string {
  if (LISTS.every((n) => row[n] === "[]")) return NO_LISTS
  return (
    `"attachments":${json(row, at.attachments)},"citations":${json(row, at.citations)},` +
    `"searchQueries":${json(row, at.searchQueries)},"notices":${noticesOf(row)}`
  )
}

const LISTS = [at.attachments, at.citations, at.searchQueries, at.notices]
const NO_LISTS = `"attachments":[],"citations":[],"searchQueries":[],"notices":[]`

/** Writes how a reply was made. Prompts have none of it. */
function makingOf(row: TextRow): string {
  if (MAKING.every((n) => row[n] === null)) return NO_MAKING
  return (
    `"error":${errorOf(row)},"model":${text(row, at.model)},"finishReason":${text(row, at.finishReason)},` +
    `"usage":${usageOf(row)},"cost":${costOf(row)}`
  )
}

const MAKING = [
  at.errorCode,
  at.model,
  at.finishReason,
  at.promptTokens,
  at.cachedTokens,
  at.outputTokens,
  at.thoughtTokens,
  at.toolTokens,
  at.totalTokens,
  at.costAmount,
]
const NO_MAKING = `"error":null,"model":null,"finishReason":null,"usage":null,"cost":null`

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
