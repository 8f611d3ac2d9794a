import { newId } from "../../src/utils/ids.ts"
import type { TestApp } from "./app.ts"

/** A room with a chain of `messages` messages, each the answer to the one before. @returns its id */
export async function addRoom(
  app: TestApp,
  userId: string,
  messages: number,
  content = "hello",
): Promise<string> {
  const roomId = newId()
  await app.query("INSERT INTO chatrooms (id, user_id, name) VALUES ($1, $2, 'Room')", roomId, userId)
  for (let first = 0; first < messages; first += BATCH) {
    await app.query(INSERT_CHAIN, roomId, first, Math.min(first + BATCH, messages) - 1, content, userId)
  }
  await app.query(
    `UPDATE chatrooms SET last_position = $2, head_id = (
       SELECT id FROM messages WHERE chatroom_id = $1 ORDER BY position DESC LIMIT 1
     ) WHERE id = $1`,
    roomId,
    messages,
  )
  return roomId
}

/** One statement must not take longer than a statement may. */
const BATCH = 2_000

const INSERT_CHAIN = `
  INSERT INTO messages (user_id, id, chatroom_id, parent_id, position, role, content, status, completed_at)
  SELECT $5::uuid, ${idOf("n")}, $1::uuid, CASE WHEN n > 0 THEN ${idOf("n - 1")} END, n,
    CASE WHEN n % 2 = 0 THEN 'user' ELSE 'model' END, $4 || ' ' || n, 'completed', now()
  FROM generate_series($2::int, $3::int) AS n`

/** A UUIDv7 made from the room and the position, so that a message can name the one before. */
function idOf(position: string): string {
  return `overlay(overlay(md5($1::text || (${position})) PLACING '7' FROM 13) PLACING '8' FROM 17)::uuid`
}

/** How many rows of every kind a user has. */
export async function countRows(app: TestApp, userId: string) {
  const rows = await app.query(
    `SELECT (SELECT count(*)::int FROM users WHERE id = $1) AS users,
       (SELECT count(*)::int FROM sessions WHERE user_id = $1) AS sessions,
       (SELECT count(*)::int FROM chatrooms WHERE user_id = $1) AS chatrooms,
       (SELECT count(*)::int FROM messages WHERE user_id = $1) AS messages`,
    userId,
  )
  return rows[0]
}
