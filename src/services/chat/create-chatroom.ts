import { inTransaction } from "../../config/database.ts"
import { toCamelCase } from "../../utils/camel-case.ts"
import { newId } from "../../utils/ids.ts"
import type { Context } from "../context.ts"
import { withChatroomsLocked } from "./chatroom-cache.ts"
import { CHATROOM_COLUMNS, ChatroomRecord } from "./chatroom-record.ts"
import { type IdempotencyKey, onceForKey } from "./idempotency.ts"

export interface NewChatroom {
  name?: string
  model?: string | null
  systemInstruction?: string | null
  context?: "conversation" | "single"
}

const DEFAULT_NAME = "New chat"

/** Creates a room of the user's. With a key, the same request again gives the first room again. */
export async function createChatroom(
  ctx: Context,
  { userId, room, key }: { userId: string; room: NewChatroom; key: IdempotencyKey | null },
): Promise<{ room: ChatroomRecord; replayed: boolean }> {
  return withChatroomsLocked(ctx, userId, () =>
    inTransaction(ctx.db.pool, async (client) => {
      const insert = async () => {
        const { name = DEFAULT_NAME, model = null, systemInstruction = null, context = "conversation" } = room
        const { rows } = await client.query({
          name: "create-chatroom",
          text: INSERT,
          values: [newId(), userId, name, model, systemInstruction, context],
        })
        return toCamelCase<ChatroomRecord>(rows[0])
      }
      if (!key) return { room: await insert(), replayed: false }
      const { result, replayed } = await onceForKey(client, userId, key, insert)
      return { room: ChatroomRecord.parse(result), replayed }
    }),
  )
}

const INSERT = `
  INSERT INTO chatrooms (id, user_id, name, model, system_instruction, context)
  VALUES ($1, $2, $3, $4, $5, $6) RETURNING ${CHATROOM_COLUMNS}`
