import { columnOf, selectSql } from "../../models/columns.ts"
import { MESSAGE_FIELDS, type MessageFields } from "../../models/message.ts"
import { type Siblings, siblingsSql } from "./siblings.ts"

export type { MessageFields }

/** A message as the services return it. */
export interface MessageRecord extends MessageFields {
  /** Unfinished replies of the room before this one while it is queued, `MAX_QUEUE_POSITION` at most; otherwise 0. */
  queuePosition: number
  /** How long a queued reply is not to be tried again, in ms; otherwise 0. */
  cooldownMs: number
  /** null: it has none. */
  siblings: Siblings | null
}

/** The columns of a `MessageRecord`, in the order of `messageSql`. */
export const MESSAGE_COLUMNS = [...MESSAGE_FIELDS, "siblings", "queuePosition", "cooldownMs"] as const

/** The columns of a message of a page that is sent on as text. */
export const MESSAGE_TEXT_COLUMNS = [...MESSAGE_COLUMNS, "bytes"] as const

/** Names one message, or reply. */
export interface MessageKey {
  userId: string
  id: string
}

/** Counting on would cost more at every look, and the wait is long in any case. */
const MAX_QUEUE_POSITION = 100

/** Where a reply stands in its room, as SQL. */
interface Place {
  userId: string
  chatroomId: string
  position: string
}

/** Returns the count of the replies that one there waits for in its room. Read from the index of unfinished replies. */
export function queuePositionSql({ userId, chatroomId, position }: Place): string {
  return `(SELECT count(*)::int FROM (
    SELECT 1 FROM messages AS earlier
    WHERE earlier.user_id = ${userId} AND earlier.chatroom_id = ${chatroomId}
      AND earlier.position > 0 AND earlier.position < ${position} AND earlier.lease_until IS NOT NULL
    LIMIT ${MAX_QUEUE_POSITION}
  ) AS counted)`
}

const placeOf = (m: string): Place => ({
  userId: `${m}.user_id`,
  chatroomId: `${m}.chatroom_id`,
  position: `${m}.position`,
})

/**
 * Returns the SELECT list of a `MessageRecord` from `m`, a table or an alias.
 * @param siblings the column, where it is read in another way
 */
export function messageSql(m: string, siblings = siblingsSql(m)): string {
  return `${selectSql(MESSAGE_FIELDS, m)}, ${siblings}, ${waitSql(m)}`
}

/**
 * Returns the SELECT list of `MESSAGE_TEXT_COLUMNS`. The message's own texts are JSON, which PostgreSQL writes as JavaScript
 * does, in a fraction of the time; `bytes` is how long they are.
 * @param content the column, where it isn't always read
 */
export function messageTextSql(
  m: string,
  siblings = siblingsSql(m),
  content = `to_json(${m}.content)`,
): string {
  const own: Partial<Record<string, string>> = { content, thoughts: `to_json(${m}.thoughts)` }
  const fields = MESSAGE_FIELDS.map((name) => own[name] ?? `${m}.${columnOf(name)}`)
  return `${fields.join(", ")}, ${siblings}, ${waitSql(m)}, ${textBytesSql(m)} AS bytes`
}

function waitSql(m: string): string {
  return `CASE WHEN ${m}.status = 'queued' THEN ${queuePositionSql(placeOf(m))} ELSE 0 END AS "queuePosition",
    CASE WHEN ${m}.status = 'queued'
      THEN greatest(0, ceil(extract(epoch FROM ${m}.not_before - now()) * 1000))::int ELSE 0 END AS "cooldownMs"`
}

/** Returns how many bytes the long texts of `m` have, which is known without reading them. */
export const textBytesSql = (m: string): string =>
  `(octet_length(${m}.content) + octet_length(${m}.thoughts))`

/** Tells whether a reply has ended, however. */
export function isFinal(message: Pick<MessageRecord, "status">): boolean {
  return message.status !== "queued" && message.status !== "running"
}
