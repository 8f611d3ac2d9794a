import { z } from "zod"
import { toCamelCase } from "../../utils/camel-case.ts"
import { decodeCursor, encodeCursor } from "../../utils/cursor.ts"
import { NotFound } from "../../utils/errors.ts"
import type { Context } from "../context.ts"
import { findOwnChatroom } from "./find-chatroom.ts"
import type { Page } from "./list-chatrooms.ts"
import { MESSAGE_COLUMNS, type MessageRecord } from "./message-record.ts"

const MAX_POSITION = 2 ** 31 - 1
const Cursor = z.tuple([z.number().int().min(0).max(MAX_POSITION)])

/** All messages of a room, of every branch, oldest first. @throws {NotFound | InvalidRequest} */
export async function listMessages(
  ctx: Context,
  {
    userId,
    chatroomId,
    limit,
    cursor,
  }: { userId: string; chatroomId: string; limit: number; cursor?: string },
): Promise<Page<MessageRecord>> {
  await findOwnChatroom(ctx, userId, chatroomId)
  const [after] = cursor === undefined ? [0] : decodeCursor(cursor, Cursor)
  const { rows } = await ctx.db.pool.query({
    name: "list-messages",
    text: LIST,
    values: [chatroomId, after, limit + 1],
  })
  const items = rows.slice(0, limit).map((row) => toCamelCase<MessageRecord>(row))
  const last = items.at(-1)
  return { items, next: rows.length > limit && last ? encodeCursor([last.position]) : null }
}

const LIST = `
  SELECT ${MESSAGE_COLUMNS} FROM messages AS m
  WHERE m.chatroom_id = $1 AND m.position > $2 ORDER BY m.position LIMIT $3`

/** One reply of one's own. @throws {NotFound} also for a prompt */
export async function findOwnReply(
  ctx: Context,
  which: { userId: string; chatroomId: string; messageId: string },
): Promise<MessageRecord> {
  const message = await findOwnMessage(ctx, which)
  if (message.role !== "model") throw new NotFound("reply")
  return message
}

/** One message of one's own. @throws {NotFound} */
export async function findOwnMessage(
  ctx: Context,
  { userId, chatroomId, messageId }: { userId: string; chatroomId: string; messageId: string },
): Promise<MessageRecord> {
  const { rows } = await ctx.db.pool.query({
    name: "get-message",
    text: GET,
    values: [messageId, chatroomId, userId],
  })
  if (!rows[0]) throw new NotFound("message")
  return toCamelCase<MessageRecord>(rows[0])
}

const GET = `
  SELECT ${MESSAGE_COLUMNS} FROM messages AS m JOIN chatrooms AS c ON c.id = m.chatroom_id
  WHERE m.id = $1 AND m.chatroom_id = $2 AND c.user_id = $3`
