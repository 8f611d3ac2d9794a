import { CHATROOM_FIELDS, type ChatroomRecord } from "../../models/chatroom.ts"
import { selectSql } from "../../models/columns.ts"
import { afterSql, newestFirst, type Page, type PageRequest, readPage } from "../../models/keyset.ts"
import type { Context } from "../context.ts"

/** The user's rooms, newest activity first. @throws {InvalidRequest} for a cursor that isn't one */
export async function listChatrooms(
  ctx: Context,
  { userId, ...page }: PageRequest & { userId: string },
): Promise<Page<ChatroomRecord>> {
  return readPage(page, newestFirst("activityAt"), async (after, count) => {
    const values = [userId, count, ...(after ?? [null, null])]
    const { rows } = await ctx.db.execute<ChatroomRecord>("list-chatrooms", LIST, values)
    return rows
  })
}

/** `last_position >= 0` is the condition of the list's index, and true of every room. */
const LIST = `
  SELECT ${selectSql(CHATROOM_FIELDS, "chatrooms")} FROM chatrooms
  WHERE user_id = $1 AND last_position >= 0 AND ${afterSql("activity_at", "id", 3)}
  ORDER BY activity_at DESC, id DESC LIMIT $2`
