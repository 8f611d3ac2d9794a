import { CHATROOM_FIELDS, type ChatroomRecord } from "../../models/chatroom.ts"
import { selectSql } from "../../models/columns.ts"
import { afterPinnedSql, type Page, type PageRequest, pinnedFirst, readPage } from "../../models/keyset.ts"
import type { Context } from "../context.ts"

export interface ListChatrooms extends PageRequest {
  userId: string
  /** Lists archived rooms alone; otherwise they are left out. */
  archived: boolean
}

/** The user's rooms, pinned ones first, newest activity first. @throws {InvalidRequest} for a cursor that isn't one */
export async function listChatrooms(
  ctx: Context,
  { userId, archived, ...page }: ListChatrooms,
): Promise<Page<ChatroomRecord>> {
  const [name, text] = archived ? ["list-archived", LIST_ARCHIVED] : ["list-chatrooms", LIST]
  return readPage(page, pinnedFirst("activityAt"), async (after, count) => {
    const values = [userId, count, ...(after ?? [null, null, null])]
    const { rows } = await ctx.db.execute<ChatroomRecord>(name, text, values)
    return rows
  })
}

/** `last_position >= 0` is in the condition of the list's index, and true of every room. */
const listSql = (archived: string) => `
  SELECT ${selectSql(CHATROOM_FIELDS, "chatrooms")} FROM chatrooms
  WHERE user_id = $1 AND last_position >= 0 AND archived_at ${archived} AND ${afterPinnedSql("activity_at", "id", 3)}
  ORDER BY pinned DESC, activity_at DESC, id DESC LIMIT $2`

const LIST = listSql("IS NULL")
const LIST_ARCHIVED = listSql("IS NOT NULL")
