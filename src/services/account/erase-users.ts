import { inTransaction } from "../../config/database.ts"
import { unlinkCustomer } from "../billing/close-customer.ts"
import type { Context } from "../context.ts"

/** Short transactions: nobody else waits long for a row or for the disk. */
const BATCH = 500

/**
 * Erases what deleted users have left behind, and in the end their rows. May be called at any time, in any number
 * of processes at once, and be cut off anywhere: what is left is found again by the next call, which is due soon.
 */
export async function eraseDeletedUsers(ctx: Context): Promise<void> {
  const deadline = performance.now() + ctx.timing.worker.eraseMs
  const mayGoOn = () => !ctx.stopping.aborted && performance.now() < deadline
  const { rows } = await ctx.db.pool.query<{ id: string }>(
    "SELECT id FROM users WHERE deleted_at IS NOT NULL ORDER BY deleted_at LIMIT 100",
  )
  for (const { id } of rows) {
    if (!(await eraseUser(ctx, id, mayGoOn))) return
  }
}

/** @returns false when it had to stop */
async function eraseUser(ctx: Context, userId: string, mayGoOn: () => boolean): Promise<boolean> {
  const { rows } = await ctx.db.pool.query<{ id: string }>("SELECT id FROM chatrooms WHERE user_id = $1", [
    userId,
  ])
  for (const { id } of rows) {
    while (await eraseBatch(ctx, userId, id)) {
      if (!mayGoOn()) return false
    }
  }
  await inTransaction(ctx.db.pool, async (client) => {
    // Before the user, as billing takes the two.
    await unlinkCustomer(client, userId)
    await client.query(
      `DELETE FROM users WHERE id = $1 AND deleted_at IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM chatrooms WHERE user_id = $1)`,
      [userId],
    )
  })
  return true
}

/**
 * Erases the last messages of a room and, with the first of all, the room. An answer stands after what it answers,
 * so no deletion has to follow a long chain of answers. A room that somebody holds is left to them, or to the next
 * call; everybody takes the room before its messages, so that nobody waits in a circle.
 * @returns whether there is more
 */
function eraseBatch(ctx: Context, userId: string, chatroomId: string): Promise<boolean> {
  return inTransaction(ctx.db.pool, async (client) => {
    const room = await client.query(LOCK_ROOM, [userId, chatroomId])
    if (room.rowCount === 0) return false
    const erased = await client.query(ERASE_MESSAGES, [userId, chatroomId, BATCH])
    if (erased.rowCount === BATCH) return true
    await client.query("DELETE FROM chatrooms WHERE user_id = $1 AND id = $2", [userId, chatroomId])
    return false
  })
}

const LOCK_ROOM = "SELECT 1 FROM chatrooms WHERE user_id = $1 AND id = $2 FOR UPDATE SKIP LOCKED"

const ERASE_MESSAGES = `
  DELETE FROM messages WHERE user_id = $1 AND id IN (
    SELECT id FROM messages WHERE user_id = $1 AND chatroom_id = $2 ORDER BY position DESC LIMIT $3
  )`
