import type pg from "pg"
import { inTransaction } from "../../config/database.ts"
import { CHATROOM_FIELDS, type ChatroomRecord, chatroomColumns } from "../../models/chatroom.ts"
import { columnOf, reviveRecord, selectSql } from "../../models/columns.ts"
import { Unavailable } from "../../utils/errors.ts"
import { newId } from "../../utils/ids.ts"
import { DEFAULTS, insertChatroom } from "../chat/create-chatroom.ts"
import { type IdempotencyKey, keepResult, takeKey } from "../chat/idempotency.ts"
import type { Context } from "../context.ts"
import { findSnapshot, type Snapshot } from "./read-shared.ts"

interface ContinueShared {
  /** The reader, who will own the copy. */
  userId: string
  token: string
  key: IdempotencyKey | null
}

/**
 * Copies a shared conversation into a new room of its reader, to be continued there. It takes no unit and has no
 * connection to the link: a copy stays when the link is withdrawn. Attachments are named in it, but not copied.
 * @throws {NotFound | IdempotencyConflict}
 */
export async function continueShared(
  ctx: Context,
  { userId, token, key }: ContinueShared,
): Promise<{ room: ChatroomRecord; replayed: boolean }> {
  for (let tries = 1; ; tries++) {
    try {
      const copied = await inTransaction(ctx.db.pool, (client) =>
        copyOnce(ctx, client, { userId, token, key }),
      )
      const { messages, ...result } = copied
      if (!result.replayed) ctx.events.shareCopied({ userId, chatroomId: result.room.id, messages })
      return result
    } catch (error) {
      if (!(error instanceof SharedAgain) || tries === MAX_TRIES) throw error
    }
  }
}

const MAX_TRIES = 3

/** While it was copied, the link was given another snapshot. */
class SharedAgain extends Unavailable {}

/**
 * Nothing of the owner's is locked, so that no reader delays a withdrawal. What is copied doesn't change; so it is whole
 * if its snapshot is the same in the end, and if the link was withdrawn meanwhile, nothing is copied.
 */
async function copyOnce(ctx: Context, client: pg.ClientBase, { userId, token, key }: ContinueShared) {
  const earlier = key && (await takeKey(client, userId, key))
  if (earlier) return { room: reviveRoom(earlier.result), replayed: true, messages: 0 }
  const snapshot = await findSnapshot(ctx, client, token)
  const { id } = await insertChatroom(client, userId, { ...DEFAULTS, name: snapshot.title, nameBy: "user" })
  const copy: Copy = { userId, chatroomId: id, headId: null, position: 0 }
  for await (const ids of readChunks(client, snapshot)) await copyChunk(client, snapshot.userId, ids, copy)
  const room = await finishRoom(client, copy)
  const now = await findSnapshot(ctx, client, token)
  if (copy.position !== snapshot.messages || now.createdAt.getTime() !== snapshot.createdAt.getTime())
    throw new SharedAgain()
  if (key) await keepResult(client, userId, key, { chatroomId: room.id, result: room })
  return { room, replayed: false, messages: copy.position }
}

function reviveRoom(result: unknown): ChatroomRecord {
  return reviveRecord(chatroomColumns, result)
}

/** How far a copy has come. */
interface Copy {
  userId: string
  chatroomId: string
  headId: string | null
  position: number
}

/** Yields the ids of the snapshot's messages, some at a time: a statement must end in time, however long the whole is. */
async function* readChunks(client: pg.ClientBase, { userId, id }: Snapshot): AsyncGenerator<string[]> {
  for (let n = 0; ; n += CHUNKS_AT_ONCE) {
    const { rows } = await client.query<{ messageIds: string[] }>({
      name: "read-share-chunks",
      text: READ_CHUNKS,
      values: [userId, id, n, n + CHUNKS_AT_ONCE],
    })
    if (rows.length === 0) return
    yield rows.flatMap(({ messageIds }) => messageIds)
  }
}

const CHUNKS_AT_ONCE = 5
const READ_CHUNKS = `
  SELECT message_ids AS "messageIds" FROM share_chunks
  WHERE user_id = $1 AND share_id = $2 AND n >= $3 AND n < $4 ORDER BY n`

async function copyChunk(client: pg.ClientBase, ownerId: string, ids: string[], copy: Copy): Promise<void> {
  const { userId, chatroomId, position, headId } = copy
  const newIds = ids.map(() => newId())
  const values = [ids.map(() => ownerId), userId, chatroomId, position, headId, ids, newIds]
  const { rowCount } = await client.query({ name: "copy-shared", text: COPY, values })
  copy.headId = newIds.at(-1) ?? headId
  copy.position += rowCount ?? 0
}

/** What a copy takes over. Whose tokens and money the originals took is the owner's business. */
const COPIED = [
  ...["role", "content", "citations", "searchQueries", "status", "model", "finishReason"],
  ...["createdAt", "completedAt"],
]

/** Of attachments the name, type and size; the files stay their owner's. */
const ATTACHMENTS = `
  (SELECT coalesce(jsonb_agg(jsonb_build_object('id', NULL, 'name', a->'name', 'type', a->'type', 'bytes', a->'bytes')), '[]')
   FROM jsonb_array_elements(m.attachments) AS a)`

const COPY = `
  INSERT INTO messages (user_id, id, chatroom_id, parent_id, position, attachments, ${COPIED.map(columnOf).join(", ")})
  SELECT $2::uuid, copied.id, $3::uuid, coalesce(lag(copied.id) OVER (ORDER BY copied.n), $5::uuid),
    $4::int + copied.n::int, ${ATTACHMENTS}, ${COPIED.map((name) => `m.${columnOf(name)}`).join(", ")}
  FROM unnest($1::uuid[], $6::uuid[], $7::uuid[]) WITH ORDINALITY AS copied (owner_id, original_id, id, n)
    JOIN messages AS m ON m.user_id = copied.owner_id AND m.id = copied.original_id
  ORDER BY copied.n`

async function finishRoom(client: pg.ClientBase, copy: Copy): Promise<ChatroomRecord> {
  const { userId, chatroomId, headId, position } = copy
  const { rows } = await client.query<ChatroomRecord>(FINISH, [userId, chatroomId, headId, position])
  return rows[0] as ChatroomRecord
}

const FINISH = `
  UPDATE chatrooms SET head_id = $3, last_position = $4, last_message_at = now(), activity_at = now()
  WHERE user_id = $1 AND id = $2
  RETURNING ${selectSql(CHATROOM_FIELDS, "chatrooms")}`
