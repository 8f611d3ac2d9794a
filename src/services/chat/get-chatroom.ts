import { z } from "zod"
import { toCamelCase } from "../../utils/camel-case.ts"
import { decodeCursor, encodeCursor } from "../../utils/cursor.ts"
import type { Context } from "../context.ts"
import type { ChatroomRecord } from "./chatroom-record.ts"
import { findOwnChatroom } from "./find-chatroom.ts"
import type { Page } from "./list-chatrooms.ts"
import { MESSAGE_COLUMNS, type MessageRecord } from "./message-record.ts"

const Cursor = z.tuple([z.uuid()])

/**
 * A room with the newest messages of its active branch, oldest first; the cursor leads to older ones.
 * @throws {NotFound | InvalidRequest}
 */
export async function getChatroom(
  ctx: Context,
  {
    userId,
    chatroomId,
    limit,
    cursor,
  }: { userId: string; chatroomId: string; limit: number; cursor?: string },
): Promise<{ room: ChatroomRecord; messages: Page<MessageRecord> }> {
  const room = await findOwnChatroom(ctx, userId, chatroomId)
  const tipId = cursor === undefined ? room.headId : decodeCursor(cursor, Cursor)[0]
  const { rows } = await ctx.db.pool.query({
    name: "read-branch",
    text: BRANCH,
    values: [chatroomId, tipId, limit],
  })
  const items = rows.map((row) => toCamelCase<MessageRecord>(row))
  const olderId = items[0]?.parentId
  return { room, messages: { items, next: olderId ? encodeCursor([olderId]) : null } }
}

const BRANCH = `
  WITH RECURSIVE branch AS (
    SELECT m.*, 1 AS depth FROM messages AS m WHERE m.id = $2 AND m.chatroom_id = $1
    UNION ALL
    SELECT m.*, b.depth + 1 FROM branch AS b JOIN messages AS m ON m.id = b.parent_id WHERE b.depth < $3
  )
  SELECT ${MESSAGE_COLUMNS} FROM branch AS m ORDER BY depth DESC`
