import type { ChatroomKey } from "../../chat/find-chatroom.ts"
import { type MessageRecord, messageSql } from "../../chat/message-record.ts"
import type { Context } from "../../context.ts"
import type { RoomCursor } from "./room-cursor.ts"

/** A room and the number of the last change to a message that was announced before, such as feedback on it. */
interface RevisedRoom extends ChatroomKey {
  revisions: number
}

/**
 * Yields messages that changed after the listener got to know of them, in the order of the changes, and moves the cursor
 * along. A message that changed twice comes once.
 */
export async function* revisedMessages(
  ctx: Context,
  { userId, id, revisions }: RevisedRoom,
  cursor: RoomCursor,
): AsyncGenerator<MessageRecord> {
  while (cursor.revisions < revisions) {
    const values = [userId, id, cursor.revisions, cursor.known]
    const { rows } = await ctx.db.execute<Revised>("revised-messages", REVISED, values)
    for (const { revision, ...message } of rows) {
      cursor.revisions = revision
      yield message
    }
    // The messages of the other numbers are gone, or have changed again.
    if (rows.length < AT_ONCE) cursor.revisions = Math.max(cursor.revisions, revisions)
  }
}

type Revised = MessageRecord & { revision: number }

/** Long messages make megabytes of them. */
const AT_ONCE = 20
const REVISED = `
  SELECT ${messageSql("m")}, m.revision FROM messages AS m
  WHERE m.user_id = $1 AND m.chatroom_id = $2 AND m.revision > 0 AND m.revision > $3 AND m.position <= $4
  ORDER BY m.revision LIMIT ${AT_ONCE}`
