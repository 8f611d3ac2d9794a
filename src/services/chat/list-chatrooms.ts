import { z } from "zod"
import { toCamelCase } from "../../utils/camel-case.ts"
import { CursorTime, decodeCursor, encodeCursor } from "../../utils/cursor.ts"
import type { Context } from "../context.ts"
import { CHATROOM_COLUMNS, type ChatroomRecord } from "./chatroom-record.ts"

const Cursor = z.tuple([CursorTime, z.uuid()])

/** A page of a list and the cursor of the next, null on the last. */
export interface Page<T> {
  items: T[]
  next: string | null
}

/** The user's rooms, newest activity first. @throws {InvalidRequest} for a cursor that isn't one */
export async function listChatrooms(
  ctx: Context,
  { userId, limit, cursor }: { userId: string; limit: number; cursor?: string },
): Promise<Page<ChatroomRecord>> {
  const [activityAt, id] = cursor === undefined ? [null, null] : decodeCursor(cursor, Cursor)
  const { rows } = await ctx.db.pool.query({
    name: "list-chatrooms",
    text: LIST,
    values: [userId, limit + 1, activityAt, id],
  })
  const items = rows.slice(0, limit).map((row) => toCamelCase<ChatroomRecord>(row))
  const last = items.at(-1)
  const next = rows.length > limit && last ? encodeCursor([last.activityAt.toISOString(), last.id]) : null
  return { items, next }
}

/** The first page starts beyond everything, so that every page is the same range scan. */
const LIST = `
  SELECT ${CHATROOM_COLUMNS} FROM chatrooms
  WHERE user_id = $1
    AND (activity_at, id) < (coalesce($3::timestamptz, 'infinity'), coalesce($4::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
  ORDER BY activity_at DESC, id DESC LIMIT $2`
