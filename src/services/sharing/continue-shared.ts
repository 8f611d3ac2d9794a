import type pg from "pg"
import { inTransaction } from "../../config/database.ts"
import { type ChatroomRecord, chatroomColumns } from "../../models/chatroom.ts"
import { reviveRecord } from "../../models/columns.ts"
import { Unavailable } from "../../utils/errors.ts"
import { copyMessages, finishCopy, openCopy } from "../chat/copy-messages.ts"
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
  const copy = openCopy({ userId, id })
  const owner = snapshot.userId
  for await (const ids of readChunks(client, snapshot)) await copyMessages(client, copy, { owner, ids })
  const room = await finishCopy(client, copy)
  const now = await findSnapshot(ctx, client, token)
  if (copy.position !== snapshot.messages || now.createdAt.getTime() !== snapshot.createdAt.getTime())
    throw new SharedAgain()
  if (key) await keepResult(client, userId, key, { chatroomId: room.id, result: room })
  return { room, replayed: false, messages: copy.position }
}

function reviveRoom(result: unknown): ChatroomRecord {
  return reviveRecord(chatroomColumns, result)
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
