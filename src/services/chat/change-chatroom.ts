import type pg from "pg"
import { inTransaction } from "../../config/database.ts"
import { CHATROOM_FIELDS, type ChatroomRecord } from "../../models/chatroom.ts"
import { columnOf, selectSql } from "../../models/columns.ts"
import { InvalidRequest, NotFound } from "../../utils/errors.ts"
import type { Context } from "../context.ts"
import { BRANCH_END } from "./branch-end.ts"
import { toSettings, type WantedSettings } from "./chatroom-settings.ts"
import type { ChatroomKey } from "./find-chatroom.ts"
import { requireOffered } from "./offered-models.ts"
import { publishRoomChanged } from "./room-pubsub.ts"

export interface ChatroomChange extends WantedSettings {
  /** A message of the branch that becomes the active one, which ends with its newest descendant reply. */
  headId?: string
}

/** Changes the given fields, all or none. @throws {NotFound | InvalidRequest} */
export async function changeChatroom(
  ctx: Context,
  { userId, chatroomId, change }: { userId: string; chatroomId: string; change: ChatroomChange },
): Promise<ChatroomRecord> {
  const { headId, ...wanted } = change
  const key = { userId, id: chatroomId }
  const room = await inTransaction(ctx.db.pool, async (client) => {
    await lockRoom(client, key)
    await requireOffered(client, ctx.config.gemini, { userId, name: wanted.model })
    const head = headId === undefined ? {} : { headId: await findBranchEnd(client, key, headId) }
    return update(client, key, wanted, { ...toSettings(wanted), ...head })
  })
  publishRoomChanged(ctx, chatroomId, userId)
  return room
}

/** No message is deleted between the look for it and the room's naming it. */
async function lockRoom(client: pg.ClientBase, { userId, id }: ChatroomKey): Promise<void> {
  const { rowCount } = await client.query("SELECT FROM chatrooms WHERE user_id = $1 AND id = $2 FOR UPDATE", [
    userId,
    id,
  ])
  if (rowCount === 0) throw new NotFound("chatroom")
}

async function findBranchEnd(
  client: pg.ClientBase,
  { userId, id }: ChatroomKey,
  messageId: string,
): Promise<string> {
  const values = [userId, id, messageId]
  const { rows } = await client.query<{ id: string }>({ name: "branch-end", text: BRANCH_END, values })
  if (!rows[0])
    throw new InvalidRequest([{ path: "body.headId", message: "must be a message in this chatroom" }])
  return rows[0].id
}

async function update(
  client: pg.ClientBase,
  { userId, id }: ChatroomKey,
  { temporary }: WantedSettings,
  values: Record<string, unknown>,
): Promise<ChatroomRecord> {
  const set = Object.keys(values).map((name, n) => `${columnOf(name)} = $${n + 3}`)
  // A room that is made temporary isn't erased at once, however old its last message is.
  if (temporary) set.push("temporary_since = CASE WHEN temporary THEN temporary_since ELSE now() END")
  const { rows } = await client.query<ChatroomRecord>(
    `UPDATE chatrooms SET ${[...set, "updated_at = now()"].join(", ")} WHERE user_id = $1 AND id = $2
     RETURNING ${selectSql(CHATROOM_FIELDS, "chatrooms")}`,
    [userId, id, ...Object.values(values)],
  )
  return rows[0] as ChatroomRecord
}
