import type pg from "pg"
import { z } from "zod"
import { MAX_PAGE_BYTES } from "../../config/limits.ts"
import { type Page, type PageRequest, readPage, type SortKey } from "../../models/keyset.ts"
import { NotFound } from "../../utils/errors.ts"
import type { TextRow } from "../../utils/text-rows.ts"
import type { Context } from "../context.ts"
import { findOwnChatroom } from "./find-chatroom.ts"
import {
  MESSAGE_COLUMNS,
  MESSAGE_TEXT_COLUMNS,
  type MessageKey,
  type MessageRecord,
  messageSql,
  messageTextSql,
  textBytesSql,
} from "./message-record.ts"
import { familiesSql } from "./siblings.ts"

const MAX_POSITION = 2 ** 31 - 1

const POSITION = MESSAGE_COLUMNS.indexOf("position")
/** How many rows were found; after a message's own columns. */
const FOUND = MESSAGE_TEXT_COLUMNS.length

const positionOf = (row: TextRow) => Number(row[POSITION])

const byPosition: SortKey<TextRow, [position: number]> = {
  cursor: z.tuple([z.number().int().min(0).max(MAX_POSITION)]),
  of: (row) => [positionOf(row)],
}

/**
 * Lists all messages of a room, of every branch, oldest first, as rows of `MESSAGE_TEXT_COLUMNS`. A page with long texts is
 * shorter than `limit`.
 * @throws {NotFound | InvalidRequest | RateLimited}
 */
export async function listMessages(
  ctx: Context,
  { userId, chatroomId, ...page }: PageRequest & { userId: string; chatroomId: string },
): Promise<Page<TextRow>> {
  await findOwnChatroom(ctx, userId, chatroomId)
  return readPage(page, byPosition, async (after, count) => {
    const values = [userId, chatroomId, after?.[0] ?? 0, count, MAX_PAGE_BYTES]
    const rows = await ctx.heavyReads.run(userId, () => ctx.db.executeAsText("list-messages", LIST, values))
    const inOrder = rows.toSorted((a, b) => positionOf(a) - positionOf(b))
    return { rows: inOrder, found: Number(rows[0]?.[FOUND] ?? 0) }
  })
}

/**
 * A text's length is known without reading it, so texts beyond the page's bytes aren't read. The page comes in no order:
 * sorting its few rows there would cost more than here.
 */
const LIST = `
  WITH found AS (
    SELECT m.*, sum(${textBytesSql("m")}) OVER earlier AS bytes_before, count(*) OVER ()::int AS found
    FROM (
      SELECT * FROM messages WHERE user_id = $1 AND chatroom_id = $2 AND position > $3 ORDER BY position LIMIT $4
    ) AS m
    WINDOW earlier AS (ORDER BY m.position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
  ), page AS MATERIALIZED (
    SELECT * FROM found WHERE coalesce(bytes_before, 0) < $5
  ), member AS MATERIALIZED (${familiesSql("page")})
  SELECT ${messageTextSql("m", "member.siblings")}, m.found FROM page AS m JOIN member USING (id)`

/** Finds a reply of the user. @throws {NotFound} also for a prompt */
export async function findOwnReply(
  ctx: Context,
  which: { userId: string; chatroomId: string; messageId: string },
): Promise<MessageRecord> {
  const message = await findOwnMessage(ctx, which)
  if (message.role !== "model") throw new NotFound("reply")
  return message
}

/** Finds a message of the user. @throws {NotFound} */
export async function findOwnMessage(
  ctx: Context,
  { userId, chatroomId, messageId }: { userId: string; chatroomId: string; messageId: string },
): Promise<MessageRecord> {
  const message = await readMessage(ctx.db.pool, { userId, id: messageId })
  if (message?.chatroomId !== chatroomId) throw new NotFound("message")
  return message
}

/** Reads a message; null when it doesn't exist. */
export async function readMessage(
  db: pg.Pool | pg.ClientBase,
  { userId, id }: MessageKey,
): Promise<MessageRecord | null> {
  const values = [userId, id]
  const { rows } = await (db as pg.Pool).query<MessageRecord>({ name: "get-message", text: GET, values })
  return rows[0] ?? null
}

const GET = `SELECT ${messageSql("m")} FROM messages AS m WHERE m.user_id = $1 AND m.id = $2`
