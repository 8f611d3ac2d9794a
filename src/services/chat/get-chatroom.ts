import { z } from "zod"
import { MAX_PAGE_BYTES } from "../../config/limits.ts"
import type { ChatroomRecord } from "../../models/chatroom.ts"
import type { Page, PageRequest } from "../../models/keyset.ts"
import { decodeCursor, encodeCursor } from "../../utils/cursor.ts"
import type { TextRow } from "../../utils/text-rows.ts"
import type { Context } from "../context.ts"
import { findOwnChatroom } from "./find-chatroom.ts"
import { MESSAGE_COLUMNS, messageSql, textBytesSql } from "./message-record.ts"

const Cursor = z.tuple([z.uuid()])

/**
 * A room with the newest messages of its active branch, oldest first; the cursor leads to older ones. Of long texts
 * there are fewer than `limit`. The messages are rows of `MESSAGE_COLUMNS`.
 * @throws {NotFound | InvalidRequest | RateLimited}
 */
export async function getChatroom(
  ctx: Context,
  { userId, chatroomId, limit, cursor }: PageRequest & { userId: string; chatroomId: string },
): Promise<{ room: ChatroomRecord; messages: Page<TextRow> }> {
  const room = await findOwnChatroom(ctx, userId, chatroomId)
  const tipId = cursor === undefined ? room.headId : decodeCursor(cursor, Cursor)[0]
  const values = [userId, tipId, limit, MAX_PAGE_BYTES]
  const rows = await ctx.heavyReads.run(userId, () => ctx.db.executeAsText("read-branch", BRANCH, values))
  // A cursor may name a message of another room of the user's. Ids may be written in capitals.
  const items = rows.at(-1)?.[CHATROOM_ID] === room.id ? rows : []
  const olderId = items[0]?.[PARENT_ID]
  return { room, messages: { items, next: olderId ? encodeCursor([olderId]) : null } }
}

const CHATROOM_ID = MESSAGE_COLUMNS.indexOf("chatroomId")
const PARENT_ID = MESSAGE_COLUMNS.indexOf("parentId")

const BRANCH = `
  WITH RECURSIVE branch AS (
    SELECT m.*, 1 AS depth, ${textBytesSql("m")} AS bytes FROM messages AS m WHERE m.user_id = $1 AND m.id = $2
    UNION ALL
    SELECT m.*, b.depth + 1, b.bytes + ${textBytesSql("m")}
    FROM branch AS b JOIN messages AS m ON m.user_id = b.user_id AND m.id = b.parent_id
    WHERE b.depth < $3 AND b.bytes < $4
  )
  SELECT ${messageSql("m")} FROM branch AS m ORDER BY depth DESC`
