import type { ChatroomKey } from "../../chat/find-chatroom.ts"
import { type MessageRecord, messageSql } from "../../chat/message-record.ts"
import type { Context } from "../../context.ts"
import type { RoomCursor } from "./room-cursor.ts"

/** A room and the number of the last change to a message that was announced before, such as feedback or a deletion. */
interface RevisedRoom extends ChatroomKey {
  revisions: number
}

/** A message as it is now, or the id of one that is gone with all that followed it. */
export type Revision = { changed: MessageRecord } | { deletedId: string }

/**
 * Yields what changed of messages after the listener got to know of them, in the order of the changes, and moves the
 * cursor along. A message that changed twice comes once.
 */
export async function* revisions(
  ctx: Context,
  { userId, id, revisions }: RevisedRoom,
  cursor: RoomCursor,
): AsyncGenerator<Revision> {
  while (cursor.revisions < revisions) {
    const after = [userId, id, cursor.revisions]
    const { rows: changed } = await ctx.db.execute<Changed>("revised-messages", CHANGED, [
      ...after,
      cursor.known,
    ])
    const { rows: deleted } = await ctx.db.execute<Deleted>("deleted-messages", DELETED, after)
    const some = [...changed, ...deleted].toSorted((a, b) => a.revision - b.revision).slice(0, AT_ONCE)
    for (const { revision, ...what } of some) {
      cursor.revisions = revision
      yield "deletedId" in what ? what : { changed: what }
    }
    // The messages of the other numbers are gone, or have changed again.
    if (some.length < AT_ONCE) cursor.revisions = Math.max(cursor.revisions, revisions)
  }
}

type Changed = MessageRecord & { revision: number }

interface Deleted {
  revision: number
  deletedId: string
}

/** Long messages make megabytes of them. */
const AT_ONCE = 20
const CHANGED = `
  SELECT ${messageSql("m")}, m.revision FROM messages AS m
  WHERE m.user_id = $1 AND m.chatroom_id = $2 AND m.revision > 0 AND m.revision > $3 AND m.position <= $4
  ORDER BY m.revision LIMIT ${AT_ONCE}`

const DELETED = `
  SELECT revision, message_id AS "deletedId" FROM deleted_messages
  WHERE user_id = $1 AND chatroom_id = $2 AND revision > $3 ORDER BY revision LIMIT ${AT_ONCE}`
