import { SECOND } from "../../utils/time.ts"
import type { Context } from "../context.ts"

/** Short transactions: nobody else waits long for a row or for the disk. */
const BATCH = 500

/** What isn't done by then is left to the next call. */
const MAX_MS = 5 * SECOND

/**
 * Erases what deleted users have left behind, and in the end their rows. May be called at any time, in any number
 * of processes at once, and be cut off anywhere: what is left is found again by the next call, which is due soon.
 */
export async function eraseDeletedUsers(ctx: Context): Promise<void> {
  const deadline = performance.now() + MAX_MS
  const mayGoOn = () => !ctx.stopping.aborted && performance.now() < deadline
  const { rows } = await ctx.db.pool.query<{ id: string }>(
    "SELECT id FROM users WHERE deleted_at IS NOT NULL ORDER BY deleted_at LIMIT 100",
  )
  for (const { id } of rows) {
    if (!(await eraseUser(ctx, id, mayGoOn))) return
  }
}

/** @returns whether it came to the end */
async function eraseUser(ctx: Context, userId: string, mayGoOn: () => boolean): Promise<boolean> {
  const { rows } = await ctx.db.pool.query<{ id: string }>("SELECT id FROM chatrooms WHERE user_id = $1", [
    userId,
  ])
  for (const { id } of rows) {
    for (let erased = BATCH; erased === BATCH; ) {
      if (!mayGoOn()) return false
      erased = await eraseMessages(ctx, id)
    }
    await ctx.db.pool.query("DELETE FROM chatrooms WHERE id = $1", [id])
  }
  await ctx.db.pool.query("DELETE FROM users WHERE id = $1 AND deleted_at IS NOT NULL", [userId])
  return true
}

/**
 * The last messages of the room first: an answer stands after what it answers, so no deletion has to follow a long
 * chain of answers. Rows that a worker or another eraser holds are left out; deleting the room waits for them.
 */
async function eraseMessages(ctx: Context, chatroomId: string): Promise<number> {
  const { rowCount } = await ctx.db.pool.query(
    `DELETE FROM messages WHERE id IN (
       SELECT id FROM messages WHERE chatroom_id = $1 ORDER BY position DESC LIMIT $2 FOR UPDATE SKIP LOCKED
     )`,
    [chatroomId, BATCH],
  )
  return rowCount ?? 0
}
