import type pg from "pg"
import { inTransaction } from "../../config/database.ts"
import {
  CHATROOM_FIELDS,
  CHATROOM_SETTINGS,
  type ChatroomRecord,
  type ChatroomSettings,
  chatroomColumns,
} from "../../models/chatroom.ts"
import { columnOf, reviveRecord, selectSql } from "../../models/columns.ts"
import { newId } from "../../utils/ids.ts"
import type { Context } from "../context.ts"
import { toSettings, type WantedSettings } from "./chatroom-settings.ts"
import { type IdempotencyKey, keepResult, takeKey } from "./idempotency.ts"
import { requireOffered } from "./offered-models.ts"
import { publishRoomListChanged } from "./room-pubsub.ts"

/** The settings of a room of which nothing was said. */
export const DEFAULTS: ChatroomSettings = {
  name: "New chat",
  model: null,
  systemInstruction: null,
  context: "conversation",
  nameBy: "default",
  thinking: null,
  webSearch: false,
  urlContext: false,
  pinned: false,
  archivedAt: null,
  temporary: false,
}

/** A room that was created, now or by an earlier request with the same key. */
interface Created {
  room: ChatroomRecord
  replayed: boolean
}

/**
 * Creates a room of the user's. With a key, the same request again returns the first room again.
 * @throws {InvalidRequest} for a model that the user isn't offered
 */
export async function createChatroom(
  ctx: Context,
  { userId, room, key }: { userId: string; room: WantedSettings; key: IdempotencyKey | null },
): Promise<Created> {
  const result = await inTransaction(ctx.db.pool, async (client): Promise<Created> => {
    const earlier = key && (await takeKey(client, userId, key))
    if (earlier) return { room: reviveRecord(chatroomColumns, earlier.result), replayed: true }
    await requireOffered(client, ctx.config.gemini, { userId, name: room.model })
    const created = await insertChatroom(client, userId, { ...DEFAULTS, ...toSettings(room) })
    if (key) await keepResult(client, userId, key, { chatroomId: created.id, result: created })
    return { room: created, replayed: false }
  })
  publishRoomListChanged(ctx, userId)
  return result
}

/** Inserts a room, in the caller's transaction. */
export async function insertChatroom(
  client: pg.ClientBase,
  userId: string,
  settings: ChatroomSettings,
): Promise<ChatroomRecord> {
  const { rows } = await client.query<ChatroomRecord>({
    name: "create-chatroom",
    text: INSERT,
    values: [userId, newId(), ...CHATROOM_SETTINGS.map((name) => settings[name])],
  })
  return rows[0] as ChatroomRecord
}

const INSERT = `
  INSERT INTO chatrooms (user_id, id, ${CHATROOM_SETTINGS.map(columnOf).join(", ")})
  VALUES ($1, $2, ${CHATROOM_SETTINGS.map((_, n) => `$${n + 3}`).join(", ")})
  RETURNING ${selectSql(CHATROOM_FIELDS, "chatrooms")}`
