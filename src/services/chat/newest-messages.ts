import type { TextRow } from "../../utils/text-rows.ts"
import { MESSAGE_TEXT_COLUMNS } from "./message-record.ts"
import { siblingsText } from "./siblings.ts"

/** How much of a branch a page takes: messages, and bytes of their texts, which the last one exceeds. */
export interface PageSize {
  messages: number
  bytes: number
}

/** What was found of a branch, from its end back. */
export interface Walk {
  found: TextRow[]
  /** Where the page goes on, with a message that isn't known well enough; null: the page is complete. */
  missingId: string | null
  /** How much of the page is missing. */
  left: PageSize
}

export const at = {
  id: MESSAGE_TEXT_COLUMNS.indexOf("id"),
  chatroomId: MESSAGE_TEXT_COLUMNS.indexOf("chatroomId"),
  parentId: MESSAGE_TEXT_COLUMNS.indexOf("parentId"),
  position: MESSAGE_TEXT_COLUMNS.indexOf("position"),
  role: MESSAGE_TEXT_COLUMNS.indexOf("role"),
  content: MESSAGE_TEXT_COLUMNS.indexOf("content"),
  siblings: MESSAGE_TEXT_COLUMNS.indexOf("siblings"),
  bytes: MESSAGE_TEXT_COLUMNS.indexOf("bytes"),
}

/**
 * Walks from `tipId` back through the newest messages of a room, and gives each its siblings.
 *
 * A child stands behind its parent. Where a message's parent is among the newest messages its siblings are, too, so that
 * nothing else has to be read for them. Walks end before a message without its parent, and before one without its text.
 * @param newest rows of `MESSAGE_TEXT_COLUMNS` from the newest down, without siblings; a text that is too long is null
 * @param isWhole whether these are all messages of the room
 */
export function walkBack(
  newest: readonly TextRow[],
  tipId: string,
  size: PageSize,
  { isWhole }: { isWhole: boolean },
): Walk {
  const byId = new Map(newest.map((row) => [row[at.id], row]))
  const families = isOneLine(newest, tipId) ? null : Map.groupBy(newest.toReversed(), familyOf)
  const found: TextRow[] = []
  const left = { ...size }
  for (let id: string | null = tipId; id !== null; ) {
    if (left.messages <= 0 || left.bytes <= 0) return { found, missingId: null, left }
    const row = byId.get(id)
    const parentId: string | null = row?.[at.parentId] ?? null
    const isKnown = parentId === null ? isWhole : byId.has(parentId)
    if (!row || !isKnown || row[at.content] === null) return { found, missingId: id, left }
    found.push(families ? withSiblings(row, families.get(familyOf(row)) ?? []) : row)
    left.messages--
    left.bytes -= Number(row[at.bytes])
    id = parentId
  }
  return { found, missingId: null, left }
}

/** Whether each is the parent of the one before, so that none has siblings among them: the usual room. */
function isOneLine(newest: readonly TextRow[], tipId: string): boolean {
  return newest.every((row, n) => row[at.id] === (n === 0 ? tipId : newest[n - 1]?.[at.parentId]))
}

const familyOf = (row: TextRow): string => `${row[at.parentId]} ${row[at.role]}`

function withSiblings(row: TextRow, family: readonly TextRow[]): TextRow {
  if (family.length < 2) return row
  return row.with(
    at.siblings,
    siblingsText(
      family.map((one) => one[at.id] as string),
      family.indexOf(row),
    ),
  )
}
