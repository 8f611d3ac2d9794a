import type pg from "pg"
import { newId } from "../../src/utils/ids.ts"

/** A room to be filled. */
export interface Chain {
  userId: string
  /** How many messages, each the answer to the one before. */
  messages: number
  /** The texts of prompts and replies; each message has its number after it. */
  prompt: string
  reply: string
}

/** Writes a room with one branch straight into the tables. @returns its id */
export async function insertChain(
  db: Pick<pg.Pool, "query">,
  { userId, messages, prompt, reply }: Chain,
): Promise<string> {
  const roomId = newId()
  await db.query("INSERT INTO chatrooms (id, user_id, name) VALUES ($1, $2, 'Room')", [roomId, userId])
  for (let first = 0; first < messages; first += BATCH) {
    const last = Math.min(first + BATCH, messages) - 1
    await db.query(INSERT, [roomId, first, last, prompt, reply, userId])
  }
  await db.query(
    `UPDATE chatrooms SET last_position = $2, head_id = (
       SELECT id FROM messages WHERE chatroom_id = $1 ORDER BY position DESC LIMIT 1
     ) WHERE id = $1`,
    [roomId, messages],
  )
  return roomId
}

/** One statement must not take longer than a statement may. */
const BATCH = 2_000

const INSERT = `
  INSERT INTO messages (user_id, id, chatroom_id, parent_id, position, role, content, status, completed_at)
  SELECT $6::uuid, ${idOf("n")}, $1::uuid, CASE WHEN n > 0 THEN ${idOf("n - 1")} END, n,
    CASE WHEN n % 2 = 0 THEN 'user' ELSE 'model' END, CASE WHEN n % 2 = 0 THEN $4 ELSE $5 END || ' ' || n, 'completed',
    now()
  FROM generate_series($2::int, $3::int) AS n`

/** A UUIDv7 made from the room and the position, so that a message can name the one before. */
function idOf(position: string): string {
  return `overlay(overlay(md5($1::text || (${position})) PLACING '7' FROM 13) PLACING '8' FROM 17)::uuid`
}
