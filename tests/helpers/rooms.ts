import { insertChain } from "../../tools/lib/chain.ts"
import type { TestApp } from "./app.ts"

/** A room with a chain of `messages` messages, each the answer to the one before. @returns its id */
export async function addRoom(
  app: TestApp,
  userId: string,
  messages: number,
  content = "hello",
): Promise<string> {
  return insertChain(app.pool, { userId, messages, prompt: content, reply: content })
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
