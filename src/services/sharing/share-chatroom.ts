import type pg from "pg"
import { inTransaction } from "../../config/database.ts"
import { InvalidRequest, NotFound, NothingToShare } from "../../utils/errors.ts"
import { newId } from "../../utils/ids.ts"
import { parentOf } from "../chat/tree-steps.ts"
import type { Context } from "../context.ts"
import { findShare, lockShare, type Share, type SharedRoom, type ShareRow, toShare } from "./own-share.ts"

export interface ShareChatroom extends SharedRoom {
  /** The message whose branch is shared up to there; by default the end of the branch that the room shows. */
  messageId?: string | undefined
}

/**
 * Shares a snapshot of a branch behind a link, or takes another one behind the link that the room has. It ends with the
 * branch's newest reply that has ended with text, and leaves out prompts that got none, and replies that searched the web.
 * @throws {NotFound}
 * @throws {InvalidRequest} for a message of another room
 * @throws {NothingToShare}
 */
export async function shareChatroom(
  ctx: Context,
  { userId, chatroomId, messageId }: ShareChatroom,
): Promise<{ share: Share; isNew: boolean }> {
  const room = { userId, chatroomId }
  const { row, isNew } = await inTransaction(ctx.db.pool, async (client) => {
    const { name, headId } = await lockRoom(client, room)
    if (messageId !== undefined) await requireMessage(client, room, messageId)
    const tipId = await findTip(client, userId, messageId ?? headId)
    const { id, isNew } = await writeShare(ctx, client, { ...room, tipId, title: name })
    await client.query("DELETE FROM share_chunks WHERE user_id = $1 AND share_id = $2", [userId, id])
    await client.query(WRITE_SNAPSHOT, [userId, tipId, id, CHUNK])
    return { row: (await findShare(client, room)) as ShareRow, isNew }
  })
  ctx.events.shareChanged({ userId, shareId: row.id, action: isNew ? "created" : "updated" })
  return { share: toShare(ctx, row), isNew }
}

/** As everywhere, the room is locked before its messages: none of them goes while its branch is read. */
async function lockRoom(client: pg.ClientBase, { userId, chatroomId }: SharedRoom) {
  const { rows } = await client.query<{ name: string; headId: string | null }>(
    `SELECT name, head_id AS "headId" FROM chatrooms WHERE user_id = $1 AND id = $2 FOR UPDATE`,
    [userId, chatroomId],
  )
  if (!rows[0]) throw new NotFound("chatroom")
  return rows[0]
}

async function requireMessage(client: pg.ClientBase, { userId, chatroomId }: SharedRoom, id: string) {
  const found = await client.query(
    "SELECT 1 FROM messages WHERE user_id = $1 AND id = $2 AND chatroom_id = $3",
    [userId, id, chatroomId],
  )
  if (found.rowCount === 0)
    throw new InvalidRequest([{ path: "body.messageId", message: "must be a message in this chatroom" }])
}

async function findTip(client: pg.ClientBase, userId: string, from: string | null): Promise<string> {
  const { rows } = await client.query<{ id: string }>(FIND_TIP, [userId, from])
  if (!rows[0]) throw new NothingToShare()
  return rows[0].id
}

interface NewShare extends SharedRoom {
  tipId: string
  title: string
}

/** Keeps the link that there is, unless nobody can say any more what it was. */
async function writeShare(
  ctx: Context,
  client: pg.ClientBase,
  { userId, chatroomId, tipId, title }: NewShare,
) {
  const known = await lockShare(client, { userId, chatroomId })
  if (known && ctx.tokens.shares.recover(known) !== null) {
    await client.query(
      "UPDATE shares SET message_id = $3, title = $4, created_at = now() WHERE user_id = $1 AND id = $2",
      [userId, known.id, tipId, title],
    )
    return { id: known.id, isNew: false }
  }
  if (known) await client.query("DELETE FROM shares WHERE user_id = $1 AND id = $2", [userId, known.id])
  const id = newId()
  const { tokenHash } = ctx.tokens.shares.issue(id)
  await client.query(
    `INSERT INTO shares (user_id, id, chatroom_id, message_id, token_hash, title) VALUES ($1, $2, $3, $4, $5, $6)`,
    [userId, id, chatroomId, tipId, tokenHash, title],
  )
  return { id, isNew: true }
}

/**
 * Ended with text. A failed reply may be retried, so its text isn't final. The length is known without reading it. A reply
 * that searched the web may be shown to the user who asked, and to nobody else
 * (https://ai.google.dev/gemini-api/terms#grounding-with-google-search).
 */
const isShown = (m: string) =>
  `(${m}.role = 'model' AND ${m}.status IN ('completed', 'cancelled') AND octet_length(${m}.content) > 0
    AND ${m}.search_queries = '[]')`

const NEXT = `FROM branch AS b ${parentOf("b")} AS m`

const FIND_TIP = `
  WITH RECURSIVE branch AS (
    SELECT m.user_id, m.id, m.parent_id, ${isShown("m")} AS shown
    FROM messages AS m WHERE m.user_id = $1 AND m.id = $2
    UNION ALL
    SELECT m.user_id, m.id, m.parent_id, ${isShown("m")} ${NEXT} WHERE NOT b.shown
  )
  SELECT id FROM branch WHERE shown`

/** How many messages a row of the snapshot names. */
export const CHUNK = 100

/** A prompt is shown unless the reply after it isn't. */
const WRITE_SNAPSHOT = `
  WITH RECURSIVE branch AS (
    SELECT m.user_id, m.id, m.parent_id, m.role, true AS shown, 1 AS depth
    FROM messages AS m WHERE m.user_id = $1::uuid AND m.id = $2::uuid
    UNION ALL
    SELECT m.user_id, m.id, m.parent_id, m.role,
      CASE m.role WHEN 'model' THEN ${isShown("m")} ELSE b.role <> 'model' OR b.shown END, b.depth + 1
    ${NEXT}
  ), written AS (
    INSERT INTO share_chunks (user_id, share_id, n, message_ids)
    SELECT $1::uuid, $3::uuid, n / $4::int, array_agg(id ORDER BY n) FROM (
      SELECT id, (row_number() OVER (ORDER BY depth DESC))::int - 1 AS n FROM branch WHERE shown
    ) AS numbered
    GROUP BY n / $4::int
    RETURNING message_ids
  )
  UPDATE shares SET messages = (SELECT sum(cardinality(message_ids)) FROM written) WHERE user_id = $1 AND id = $3`
