import { z } from "zod"
import { MAX_PAGE_BYTES } from "../../config/limits.ts"
import type { ChatroomRecord } from "../../models/chatroom.ts"
import type { Page, PageRequest } from "../../models/keyset.ts"
import { decodeCursor, encodeCursor } from "../../utils/cursor.ts"
import { NotFound } from "../../utils/errors.ts"
import type { TextRow } from "../../utils/text-rows.ts"
import type { Context } from "../context.ts"
import { findOwnChatroom } from "./find-chatroom.ts"
import { MESSAGE_COLUMNS, messageSql, textBytesSql } from "./message-record.ts"

const Cursor = z.tuple([z.uuid()])

export interface RoomPage extends PageRequest {
  userId: string
  chatroomId: string
  /** The message that the page is to be around. */
  messageId?: string | undefined
}

/**
 * A room with the newest messages of its active branch, or those around one of them, oldest first; the cursor leads to
 * older ones. Of long texts there are fewer than `limit`. The messages are rows of `MESSAGE_COLUMNS`.
 * @throws {NotFound} also for a message that isn't on the active branch
 * @throws {InvalidRequest | RateLimited}
 */
export async function getChatroom(
  ctx: Context,
  page: RoomPage,
): Promise<{ room: ChatroomRecord; messages: Page<TextRow> }> {
  const { userId, chatroomId, cursor, messageId } = page
  const room = await findOwnChatroom(ctx, userId, chatroomId)
  if (cursor === undefined && messageId !== undefined) {
    return { room, messages: await readAround(ctx, room, { ...page, messageId }) }
  }
  const tipId = cursor === undefined ? room.headId : decodeCursor(cursor, Cursor)[0]
  return { room, messages: await readUpTo(ctx, room, { ...page, tipId }) }
}

async function readUpTo(
  ctx: Context,
  room: ChatroomRecord,
  { userId, tipId, limit }: RoomPage & { tipId: string | null },
): Promise<Page<TextRow>> {
  const values = [userId, tipId, limit, MAX_PAGE_BYTES]
  const rows = await ctx.heavyReads.run(userId, () => ctx.db.executeAsText("read-branch", BRANCH, values))
  // A cursor may name a message of another room of the user's.
  const items = rows.at(-1)?.[CHATROOM_ID] === room.id ? rows : []
  const olderId = items[0]?.[PARENT_ID]
  return { items, next: olderId ? encodeCursor([olderId]) : null }
}

/** Half of the page, at most, is newer than the message; where texts are so long that it wouldn't be there, it is the last. */
async function readAround(
  ctx: Context,
  room: ChatroomRecord,
  page: RoomPage & { messageId: string },
): Promise<Page<TextRow>> {
  const { userId, messageId, limit } = page
  const values = [userId, room.headId, messageId, Math.floor(limit / 2)]
  const { rows } = await ctx.heavyReads.run(userId, () =>
    ctx.db.execute<{ id: string }>("find-newer", NEWER, values),
  )
  const [tip] = rows
  if (!tip) throw new NotFound("message")
  const around = await readUpTo(ctx, room, { ...page, tipId: tip.id })
  // Ids may be written in capitals.
  const isThere = around.items.some((row) => row[ID] === messageId.toLowerCase())
  return isThere ? around : readUpTo(ctx, room, { ...page, tipId: messageId })
}

const ID = MESSAGE_COLUMNS.indexOf("id")
const CHATROOM_ID = MESSAGE_COLUMNS.indexOf("chatroomId")
const PARENT_ID = MESSAGE_COLUMNS.indexOf("parentId")

/**
 * The message that stands so many steps before $3 on the way from the head $2 back to it; none where the way misses it.
 * Positions fall on the way, so it ends there, and at once where there is no such message.
 */
const NEWER = `
  WITH RECURSIVE way AS (
    SELECT id, parent_id, 0 AS step FROM messages WHERE user_id = $1 AND id = $2
    UNION ALL
    SELECT m.id, m.parent_id, way.step + 1
    FROM way JOIN messages AS m ON m.user_id = $1 AND m.id = way.parent_id
    WHERE way.id <> $3 AND m.position >= (SELECT position FROM messages WHERE user_id = $1 AND id = $3)
  ), found AS (SELECT step FROM way WHERE id = $3)
  SELECT way.id FROM way, found WHERE way.step = greatest(found.step - $4, 0)`

const BRANCH = `
  WITH RECURSIVE branch AS (
    SELECT m.*, 1 AS depth, ${textBytesSql("m")} AS bytes FROM messages AS m WHERE m.user_id = $1 AND m.id = $2
    UNION ALL
    SELECT m.*, b.depth + 1, b.bytes + ${textBytesSql("m")}
    FROM branch AS b JOIN messages AS m ON m.user_id = b.user_id AND m.id = b.parent_id
    WHERE b.depth < $3 AND b.bytes < $4
  )
  SELECT ${messageSql("m")} FROM branch AS m ORDER BY depth DESC`
