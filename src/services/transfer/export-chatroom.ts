import type { ChatroomRecord } from "../../models/chatroom.ts"
import { selectSql } from "../../models/columns.ts"
import { MESSAGE_FIELDS, type MessageFields } from "../../models/message.ts"
import { findOwnChatroom } from "../chat/find-chatroom.ts"
import { textBytesSql } from "../chat/message-record.ts"
import { parentOf } from "../chat/tree-steps.ts"
import type { Context } from "../context.ts"

/** A room on its way out: its fields, and its messages, page by page, as fast as they are asked for. */
export interface OutgoingRoom {
  room: ChatroomRecord
  pages: AsyncGenerator<MessageFields[]>
}

/** Rows in one read. Of long messages there are fewer, so that an export takes a few megabytes of memory. */
const MESSAGES_AT_ONCE = 500
const MAX_READ_BYTES = 1024 * 1024

/**
 * Opens a room with the messages of all branches, in their order. Nothing is held open for a client that reads slowly:
 * what is sent after this call isn't in it, and a message that is deleted meanwhile may be missing, with all that follows
 * it, so that it is a whole tree in any case.
 * @throws {NotFound}
 */
export async function exportTree(
  ctx: Context,
  { userId, chatroomId }: { userId: string; chatroomId: string },
): Promise<OutgoingRoom> {
  const room = await findOwnChatroom(ctx, userId, chatroomId)
  return { room, pages: readTree(ctx, { userId, chatroomId, last: room.lastPosition }) }
}

async function* readTree(
  ctx: Context,
  { userId, chatroomId, last }: { userId: string; chatroomId: string; last: number },
): AsyncGenerator<MessageFields[]> {
  for (let after = -1; ; ) {
    const values = [userId, chatroomId, after, last, MESSAGES_AT_ONCE, MAX_READ_BYTES]
    const rows = await read<MessageFields & { found: number }>(ctx, userId, "export-tree", TREE, values)
    if (rows.length > 0) yield rows.map(({ found: _, ...message }) => message)
    const end = rows.at(-1)
    if (!end || (rows.length === end.found && end.found < MESSAGES_AT_ONCE)) return
    after = end.position
  }
}

/** Opens the active branch of a room, from its beginning on, otherwise like `exportTree`. @throws {NotFound} */
export async function exportBranch(
  ctx: Context,
  { userId, chatroomId }: { userId: string; chatroomId: string },
): Promise<OutgoingRoom> {
  const room = await findOwnChatroom(ctx, userId, chatroomId)
  return { room, pages: readBranch(ctx, userId, room.headId) }
}

async function* readBranch(
  ctx: Context,
  userId: string,
  headId: string | null,
): AsyncGenerator<MessageFields[]> {
  const ids = (await read<{ id: string }>(ctx, userId, "export-branch", BRANCH, [userId, headId])).map(
    ({ id }) => id,
  )
  for (let start = 0; start < ids.length; ) {
    const wanted = ids.slice(start, start + MESSAGES_AT_ONCE)
    const rows = await read<MessageFields>(ctx, userId, "export-messages", BY_IDS, [
      wanted.map(() => userId),
      wanted,
      MAX_READ_BYTES,
    ])
    const end = rows.at(-1)
    // Deleted meanwhile, with all that follows.
    if (!end) return
    yield rows
    start = ids.indexOf(end.id, start) + 1
  }
}

/** In turns with the user's other reads. Never refused: the response has begun. */
async function read<R extends object>(
  ctx: Context,
  userId: string,
  name: string,
  text: string,
  values: unknown[],
): Promise<R[]> {
  const query = () => ctx.db.execute<R>(name, text, values)
  return (await ctx.heavyReads.run(userId, query, { mayRefuse: false })).rows
}

/** The lengths of texts are known without reading them, so what doesn't fit into a page isn't read. */
const TREE = `
  WITH found AS (
    SELECT m.*, sum(${textBytesSql("m")}) OVER earlier AS bytes_before, count(*) OVER ()::int AS found
    FROM (
      SELECT * FROM messages
      WHERE user_id = $1 AND chatroom_id = $2 AND position > $3 AND position <= $4 ORDER BY position LIMIT $5
    ) AS m
    WINDOW earlier AS (ORDER BY m.position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
  )
  SELECT found, ${selectSql(MESSAGE_FIELDS, "found")}
  FROM found WHERE coalesce(bytes_before, 0) < $6 ORDER BY position`

const BRANCH = `
  WITH RECURSIVE branch AS (
    SELECT user_id, id, parent_id, 1 AS depth FROM messages WHERE user_id = $1 AND id = $2
    UNION ALL
    SELECT m.user_id, m.id, m.parent_id, b.depth + 1
    FROM branch AS b ${parentOf("b")} AS m
  )
  SELECT id FROM branch ORDER BY depth DESC`

const BY_IDS = `
  WITH found AS (
    SELECT m.*, wanted.n, sum(${textBytesSql("m")}) OVER earlier AS bytes_before
    FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS wanted (user_id, id, n)
      JOIN messages AS m ON m.user_id = wanted.user_id AND m.id = wanted.id
    WINDOW earlier AS (ORDER BY wanted.n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
  )
  SELECT ${selectSql(MESSAGE_FIELDS, "found")}
  FROM found WHERE coalesce(bytes_before, 0) < $3 ORDER BY n`
