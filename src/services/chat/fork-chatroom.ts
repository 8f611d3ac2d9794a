import type pg from "pg"
import { inTransaction } from "../../config/database.ts"
import {
  CHATROOM_SETTINGS,
  type ChatroomRecord,
  type ChatroomSettings,
  chatroomColumns,
} from "../../models/chatroom.ts"
import { reviveRecord, selectSql } from "../../models/columns.ts"
import { NotFound } from "../../utils/errors.ts"
import type { Context } from "../context.ts"
import { copyContext } from "./copy-context.ts"
import { copyMessages, finishCopy, openCopy } from "./copy-messages.ts"
import { insertChatroom } from "./create-chatroom.ts"
import { type IdempotencyKey, keepResult, takeKey } from "./idempotency.ts"
import { publishRoomListChanged } from "./room-pubsub.ts"
import { parentOf } from "./tree-steps.ts"

interface ForkChatroom {
  userId: string
  chatroomId: string
  /** The last message to copy. */
  messageId: string
  requestId: string
  key: IdempotencyKey | null
}

/** `replayed`: by an earlier request with the same key. */
export interface Forked {
  room: ChatroomRecord
  replayed: boolean
}

/**
 * Copies a branch up to a message into a new room with the same settings. Replies that are still to be made stay where
 * they are: what follows one in the copy follows its prompt. It takes no unit, and shares the files.
 * @throws {NotFound | IdempotencyConflict}
 */
export async function forkChatroom(ctx: Context, { requestId, key, ...fork }: ForkChatroom): Promise<Forked> {
  const { userId, chatroomId } = fork
  const { copied, ...result } = await inTransaction(ctx.db.pool, async (client) => {
    const earlier = key && (await takeKey(client, userId, key))
    if (earlier)
      return {
        room: reviveRecord(chatroomColumns, earlier.result) as ChatroomRecord,
        replayed: true,
        copied: 0,
      }
    const { room, copied } = await copyBranch(client, fork)
    if (key) await keepResult(client, userId, key, { chatroomId: room.id, result: room })
    return { room, replayed: false, copied }
  })
  if (!result.replayed)
    ctx.events.chatroomForked({ userId, chatroomId: result.room.id, from: chatroomId, copied, requestId })
  publishRoomListChanged(ctx, userId)
  return result
}

type Branch = Pick<ForkChatroom, "userId" | "chatroomId" | "messageId">

async function copyBranch(client: pg.ClientBase, { userId, chatroomId, messageId }: Branch) {
  const settings = await lockSettings(client, { userId, chatroomId })
  const { rows } = await client.query<{ id: string }>({
    name: "read-fork",
    text: BRANCH,
    values: [userId, chatroomId, messageId],
  })
  if (rows.length === 0) throw new NotFound("message")
  const { id } = await insertChatroom(client, userId, { ...settings, pinned: false, archivedAt: null })
  const copy = openCopy({ userId, id })
  const originals = rows.map((row) => row.id)
  const copies: string[] = []
  for (let n = 0; n < originals.length; n += AT_ONCE) {
    const ids = originals.slice(n, n + AT_ONCE)
    copies.push(...(await copyMessages(client, copy, { owner: userId, ids })))
  }
  await copyContext(client, { userId, chatroomId: id, originals, copies })
  return { room: await finishCopy(client, copy), copied: copy.position }
}

/** A statement must end in time, however long the branch is. */
const AT_ONCE = 500

/** As everywhere, the room is locked before its messages: none of them goes, or ends, while they are copied. */
async function lockSettings(
  client: pg.ClientBase,
  { userId, chatroomId }: Pick<Branch, "userId" | "chatroomId">,
): Promise<ChatroomSettings> {
  const { rows } = await client.query<ChatroomSettings>({
    name: "lock-settings",
    text: SETTINGS,
    values: [userId, chatroomId],
  })
  if (!rows[0]) throw new NotFound("chatroom")
  return rows[0]
}

const SETTINGS = `
  SELECT ${selectSql(CHATROOM_SETTINGS, "chatrooms")} FROM chatrooms WHERE user_id = $1 AND id = $2 FOR SHARE`

const BRANCH = `
  WITH RECURSIVE branch AS (
    SELECT m.user_id, m.id, m.parent_id, m.lease_until, 1 AS depth
    FROM messages AS m WHERE m.user_id = $1 AND m.id = $3 AND m.chatroom_id = $2
    UNION ALL
    SELECT m.user_id, m.id, m.parent_id, m.lease_until, b.depth + 1
    FROM branch AS b ${parentOf("b")} AS m
  )
  SELECT id FROM branch WHERE lease_until IS NULL ORDER BY depth DESC`
