import { z } from "zod"
import { MAX_PAGE_BYTES } from "../../config/limits.ts"
import {
  CHATROOM_FIELDS,
  type ChatroomModel,
  type ChatroomRecord,
  chatroomColumns,
} from "../../models/chatroom.ts"
import { reviveRecord, selectSql } from "../../models/columns.ts"
import type { Page, PageRequest } from "../../models/keyset.ts"
import { decodeCursor, encodeCursor } from "../../utils/cursor.ts"
import { NotFound } from "../../utils/errors.ts"
import type { TextRow } from "../../utils/text-rows.ts"
import type { Context } from "../context.ts"
import { BRANCH_END } from "./branch-end.ts"
import { findOwnChatroom } from "./find-chatroom.ts"
import { MESSAGE_TEXT_COLUMNS, messageTextSql, textBytesSql } from "./message-record.ts"
import { at, type PageSize, walkBack } from "./newest-messages.ts"
import { parentOf } from "./tree-steps.ts"

const Cursor = z.tuple([z.uuid()])

export interface RoomPage extends PageRequest {
  userId: string
  chatroomId: string
  /** The message that the page is to be around. */
  messageId?: string | undefined
}

/**
 * A room with the newest messages of its active branch, or those around a message, oldest first; the cursor leads to
 * older ones. Of long texts there are fewer than `limit`. The messages are rows of `MESSAGE_TEXT_COLUMNS`.
 * @throws {InvalidRequest | NotFound | RateLimited}
 */
export async function getChatroom(ctx: Context, page: RoomPage): Promise<RoomWithMessages> {
  const { userId, chatroomId, cursor, messageId } = page
  if (cursor === undefined && messageId === undefined) return readNewest(ctx, page)
  const room = await findOwnChatroom(ctx, userId, chatroomId)
  if (cursor === undefined && messageId !== undefined) {
    return { room, ...(await readAround(ctx, room, { ...page, messageId })) }
  }
  const tipId = cursor === undefined ? room.headId : decodeCursor(cursor, Cursor)[0]
  return { room, messages: await readUpTo(ctx, room, { ...page, tipId }) }
}

interface RoomWithMessages {
  room: ChatroomRecord
  messages: Page<TextRow>
  /** Whether the active branch leads to the message that was asked for. */
  onActiveBranch?: boolean
}

/** In one statement, where the branch is among the newest messages; what of it isn't is read by another one. */
async function readNewest(ctx: Context, { userId, chatroomId, limit }: RoomPage): Promise<RoomWithMessages> {
  const count = limit + 1
  const values = [userId, chatroomId, count, Math.floor((2 * MAX_PAGE_BYTES) / count)]
  const rows = await ctx.heavyReads.run(userId, () => ctx.db.executeAsText("read-newest", NEWEST, values))
  const roomRow = rows.find((row) => row[at.id] === null)
  if (!roomRow) throw new NotFound("chatroom")
  const json: unknown = JSON.parse(roomRow[at.content] as string)
  const room = reviveRecord<ChatroomModel, ChatroomRecord>(chatroomColumns, json)
  if (room.headId === null) return { room, messages: toPage([]) }
  const newest = rows.filter((row) => row !== roomRow).sort((a, b) => positionOf(b) - positionOf(a))
  const isWhole = newest.length < count
  const { found, missingId, left } = walkBack(newest, room.headId, pageSize(limit), { isWhole })
  const older =
    missingId === null ? [] : await readBranch(ctx, room, { userId, tipId: missingId, size: left })
  return { room, messages: toPage([...older, ...found.reverse()]) }
}

const positionOf = (row: TextRow) => Number(row[at.position])
const pageSize = (limit: number): PageSize => ({ messages: limit, bytes: MAX_PAGE_BYTES })

function toPage(items: TextRow[]): Page<TextRow> {
  const olderId = items[0]?.[at.parentId]
  return { items, next: olderId ? encodeCursor([olderId]) : null }
}

async function readUpTo(
  ctx: Context,
  room: ChatroomRecord,
  { userId, tipId, limit }: RoomPage & { tipId: string | null },
): Promise<Page<TextRow>> {
  return toPage(await readBranch(ctx, room, { userId, tipId, size: pageSize(limit) }))
}

async function readBranch(
  ctx: Context,
  room: ChatroomRecord,
  { userId, tipId, size }: { userId: string; tipId: string | null; size: PageSize },
): Promise<TextRow[]> {
  const values = [userId, tipId, size.messages, size.bytes]
  const rows = await ctx.heavyReads.run(userId, () => ctx.db.executeAsText("read-branch", BRANCH, values))
  // A cursor may name a message of another room of the user's.
  return rows.at(-1)?.[at.chatroomId] === room.id ? rows : []
}

/**
 * The messages around one on the active branch or, where that misses it, on the newest branch through it. Half of the page,
 * at most, is newer than the message; where texts are so long that it wouldn't be there, it is the last.
 */
async function readAround(
  ctx: Context,
  room: ChatroomRecord,
  page: RoomPage & { messageId: string },
): Promise<Pick<RoomWithMessages, "messages" | "onActiveBranch">> {
  const { messageId } = page
  const activeTip = await findNewer(ctx, page, room.headId)
  const onActiveBranch = activeTip !== null
  const tipId = activeTip ?? (await findNewer(ctx, page, await findEnd(ctx, page)))
  if (tipId === null) throw new NotFound("message")
  const around = await readUpTo(ctx, room, { ...page, tipId })
  // Ids may be written in capitals.
  const isThere = around.items.some((row) => row[at.id] === messageId.toLowerCase())
  if (isThere) return { messages: around, onActiveBranch }
  return { messages: await readUpTo(ctx, room, { ...page, tipId: messageId }), onActiveBranch }
}

/** The last message of the page around `messageId` on the branch that ends with `headId`, or null. */
const findNewer = (ctx: Context, { userId, messageId, limit }: RoomPage, headId: string | null) =>
  findId(ctx, userId, "find-newer", NEWER, [userId, headId, messageId, Math.floor(limit / 2)])

/** The end of the newest branch through a message, or null. */
const findEnd = (ctx: Context, { userId, chatroomId, messageId }: RoomPage) =>
  findId(ctx, userId, "branch-end", BRANCH_END, [userId, chatroomId, messageId])

async function findId(ctx: Context, userId: string, name: string, sql: string, values: unknown[]) {
  const { rows } = await ctx.heavyReads.run(userId, () => ctx.db.execute<{ id: string }>(name, sql, values))
  return rows[0]?.id ?? null
}

/**
 * The room, as JSON in the place of a message's text, and the newest messages. A text that is far too long for its page isn't
 * read.
 */
const NEWEST = `
  SELECT ${MESSAGE_TEXT_COLUMNS.map((name) => (name === "content" ? "row_to_json(room)" : "NULL")).join(", ")}
  FROM (SELECT ${selectSql(CHATROOM_FIELDS, "c")} FROM chatrooms AS c WHERE c.user_id = $1 AND c.id = $2) AS room
  UNION ALL (
    SELECT ${messageTextSql("m", "NULL::jsonb", `CASE WHEN ${textBytesSql("m")} <= $4 THEN to_json(m.content) END`)}
    FROM (SELECT * FROM messages WHERE user_id = $1 AND chatroom_id = $2 ORDER BY position DESC LIMIT $3) AS m
  )`

/**
 * The message that stands so many steps before $3 on the way from the head $2 back to it; none where the way misses it.
 * Positions fall on the way, so it ends there, and at once where there is no such message.
 */
const NEWER = `
  WITH RECURSIVE way AS (
    SELECT user_id, id, parent_id, 0 AS step FROM messages WHERE user_id = $1 AND id = $2
    UNION ALL
    SELECT m.user_id, m.id, m.parent_id, way.step + 1
    FROM way ${parentOf("way")} AS m
    WHERE way.id <> $3 AND m.position >= (SELECT position FROM messages WHERE user_id = $1 AND id = $3)
  ), found AS (SELECT step FROM way WHERE id = $3)
  SELECT way.id FROM way, found WHERE way.step = greatest(found.step - $4, 0)`

const BRANCH = `
  WITH RECURSIVE branch AS (
    SELECT m.*, 1 AS depth, ${textBytesSql("m")} AS bytes FROM messages AS m WHERE m.user_id = $1 AND m.id = $2
    UNION ALL
    SELECT m.*, b.depth + 1, b.bytes + ${textBytesSql("m")}
    FROM branch AS b ${parentOf("b")} AS m
    WHERE b.depth < $3 AND b.bytes < $4
  )
  SELECT ${messageTextSql("m")} FROM branch AS m ORDER BY depth DESC`
