import type pg from "pg"
import { inTransaction } from "../../config/database.ts"
import { collectGarbage } from "../attachments/collect-garbage.ts"
import { unlinkCustomer } from "../billing/close-customer.ts"
import { dropCopies } from "../chat/drop-copies.ts"
import type { Context } from "../context.ts"
import { moveTotals } from "../usage/model-usage.ts"

/** Keeps transactions short, so that others don't wait long for a row or the disk. */
const BATCH = 500

/**
 * Erases the messages and chatrooms of deleted users, then their rows. Any number of processes may run it at once. It
 * may be interrupted anywhere: the next call finds the rest.
 */
export async function eraseDeletedUsers(ctx: Context): Promise<void> {
  const deadline = performance.now() + ctx.timing.worker.eraseMs
  const mayContinue = () => !ctx.stopping.aborted && performance.now() < deadline
  const { rows } = await ctx.db.pool.query<{ id: string }>(
    "SELECT id FROM users WHERE deleted_at IS NOT NULL ORDER BY deleted_at LIMIT 100",
  )
  for (const { id } of rows) {
    if (!(await eraseUser(ctx, id, mayContinue))) return
  }
  if (rows.length > 0) await collectGarbage(ctx)
}

/** @returns false when it stopped early */
async function eraseUser(ctx: Context, userId: string, mayContinue: () => boolean): Promise<boolean> {
  // First, so that no more rooms come.
  await ctx.db.pool.query("DELETE FROM imports WHERE user_id = $1", [userId])
  const { rows } = await ctx.db.pool.query<{ id: string }>("SELECT id FROM chatrooms WHERE user_id = $1", [
    userId,
  ])
  for (const { id } of rows) {
    while (await eraseBatch(ctx, userId, id)) {
      if (!mayContinue()) return false
    }
  }
  while (await eraseFiles(ctx, userId)) {
    if (!mayContinue()) return false
  }
  await inTransaction(ctx.db.pool, async (client) => {
    // Before the user: billing locks the two in this order.
    await unlinkCustomer(client, userId)
    await client.query(
      `DELETE FROM users WHERE id = $1 AND deleted_at IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM chatrooms WHERE user_id = $1)`,
      [userId],
    )
    await client.query("DELETE FROM counters WHERE scope = ANY ($2) AND key = $1", [userId, COUNTED_BY_USER])
    // After the user: a call that was recorded meanwhile kept the user until its commit.
    await moveTotals(client, userId)
  })
  // A request that was in flight may have brought it back.
  dropCopies(ctx, { userId, replyIds: [] })
  return true
}

/** Counters whose key is a user's id. Those of numbers have hashes, and end with their day. */
const COUNTED_BY_USER = ["otp_user", "import"]

/** Erases some of a user's files, which no message names any more. @returns whether some are left */
async function eraseFiles(ctx: Context, userId: string): Promise<boolean> {
  const { rowCount } = await ctx.db.pool.query(ERASE_FILES, [userId, FILES])
  return rowCount === FILES
}

/** Of ten megabytes each. */
const FILES = 10

const ERASE_FILES = `
  DELETE FROM attachments WHERE user_id = $1 AND id IN (
    SELECT id FROM attachments AS a WHERE user_id = $1
      AND NOT EXISTS (SELECT FROM message_attachments WHERE user_id = $1 AND attachment_id = a.id)
    LIMIT $2
  )`

/**
 * Erases a room's last messages, and the room once none is left. A locked room is skipped until the next call. Like everywhere, the
 * room is locked before its messages, so that no deadlock occurs.
 * @returns whether messages are left
 */
async function eraseBatch(ctx: Context, userId: string, chatroomId: string): Promise<boolean> {
  const { areLeft, live } = await inTransaction(ctx.db.pool, async (client) => {
    const room = await client.query(LOCK_ROOM, [userId, chatroomId])
    if (room.rowCount === 0) return { areLeft: false, live: [] }
    const erased = await eraseLastMessages(client, userId, chatroomId)
    if (!erased.areLeft)
      await client.query("DELETE FROM chatrooms WHERE user_id = $1 AND id = $2", [userId, chatroomId])
    return erased
  })
  if (live.length > 0) dropCopies(ctx, { userId, replyIds: live })
  return areLeft
}

/**
 * Erases the last messages of a locked room, up to a batch. A reply comes after its prompt, so deleting from the end
 * never follows a long chain of references.
 * @returns whether messages may be left, and the replies whose text may be in the reply log still
 */
export async function eraseLastMessages(
  client: pg.ClientBase,
  userId: string,
  chatroomId: string,
): Promise<{ areLeft: boolean; live: string[] }> {
  const { rows } = await client.query<{ live: string | null }>(ERASE_MESSAGES, [userId, chatroomId, BATCH])
  return { areLeft: rows.length === BATCH, live: rows.flatMap(({ live }) => live ?? []) }
}

const LOCK_ROOM = "SELECT 1 FROM chatrooms WHERE user_id = $1 AND id = $2 FOR UPDATE SKIP LOCKED"

const ERASE_MESSAGES = `
  DELETE FROM messages WHERE user_id = $1 AND id IN (
    SELECT id FROM messages WHERE user_id = $1 AND chatroom_id = $2 ORDER BY position DESC LIMIT $3
  )
  RETURNING CASE WHEN role = 'model' AND (completed_at IS NULL OR completed_at > now() - interval '1 hour') THEN id END AS live`
