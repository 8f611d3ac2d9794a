import { inTransaction } from "../../config/database.ts"
import { eraseLastMessages } from "../account/erase-users.ts"
import { dropCopies } from "../chat/drop-copies.ts"
import type { ChatroomKey } from "../chat/find-chatroom.ts"
import { publishRoomChanged } from "../chat/room-pubsub.ts"
import type { Context } from "../context.ts"

/** Why a room is erased, and the condition on its row. */
interface Expiry {
  why: "temporary" | "retention"
  condition: string
}

const ROOMS_AT_ONCE = 100

/**
 * Erases temporary rooms a day after their last message and, with `RETENTION_DAYS`, all rooms so long after their last
 * activity, pinned and archived ones included. A room whose reply is unfinished is left until it has ended. Any number
 * of processes may run it at once.
 */
export async function eraseExpiredChatrooms(ctx: Context): Promise<void> {
  const deadline = performance.now() + ctx.timing.worker.eraseMs
  const mayContinue = () => !ctx.stopping.aborted && performance.now() < deadline
  for (const expiry of expiriesOf(ctx)) await eraseAll(ctx, expiry, mayContinue)
}

function expiriesOf({ config, timing }: Context): Expiry[] {
  const before = (column: string, ms: number) => `${column} < app_now() - interval '${ms} milliseconds'`
  const { temporaryMs } = timing.retention
  const isOver = `${before("activity_at", temporaryMs)} AND ${before("coalesce(temporary_since, activity_at)", temporaryMs)}`
  const expiries: Expiry[] = [{ why: "temporary", condition: `temporary AND ${isOver}` }]
  if (config.retentionMs !== null)
    expiries.push({ why: "retention", condition: before("activity_at", config.retentionMs) })
  return expiries
}

async function eraseAll(ctx: Context, expiry: Expiry, mayContinue: () => boolean): Promise<void> {
  let total = 0
  for (let erased = ROOMS_AT_ONCE; erased === ROOMS_AT_ONCE && mayContinue(); total += erased) {
    const { rows } = await ctx.db.pool.query<ChatroomKey>(
      `SELECT user_id AS "userId", id FROM chatrooms WHERE ${expiry.condition} AND active_reply_id IS NULL
       ORDER BY activity_at LIMIT ${ROOMS_AT_ONCE}`,
    )
    erased = 0
    for (const room of rows) if (mayContinue() && (await eraseIfExpired(ctx, room, expiry))) erased++
  }
  if (total > 0) ctx.events.chatroomsExpired({ why: expiry.why, count: total })
}

/**
 * Erases a room, whole or not at all, if the condition still holds once it is locked: a prompt may have come since. A
 * locked room is left for the next round.
 */
async function eraseIfExpired(
  ctx: Context,
  { userId, id }: ChatroomKey,
  { condition }: Expiry,
): Promise<boolean> {
  const erased = await inTransaction(ctx.db.pool, async (client) => {
    const locked = await client.query(
      `SELECT 1 FROM chatrooms WHERE user_id = $1 AND id = $2 AND ${condition} AND active_reply_id IS NULL
       FOR UPDATE SKIP LOCKED`,
      [userId, id],
    )
    if (locked.rowCount === 0) return false
    // In batches: one statement for a long room could take longer than a statement may.
    while ((await eraseLastMessages(client, userId, id)).areLeft);
    await client.query("DELETE FROM chatrooms WHERE user_id = $1 AND id = $2", [userId, id])
    return true
  })
  if (erased) publishRoomChanged(ctx, id, userId)
  if (erased) dropCopies(ctx, { userId, replyIds: [] })
  return erased
}
