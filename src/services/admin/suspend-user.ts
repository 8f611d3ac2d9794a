import { inTransaction } from "../../config/database.ts"
import { NotFound } from "../../utils/errors.ts"
import { announceEnded, markSessionsEnded } from "../auth/end-sessions.ts"
import type { Context } from "../context.ts"
import { endAsCancelled } from "../replies/accept/end-reply.ts"

/**
 * Shuts a user out: no way of signing in is left, their tokens are dead within a second, their replies end as
 * cancelled. Nothing of theirs is lost, and their subscription isn't touched. Doing it twice is doing it once.
 * @throws {NotFound}
 */
export async function suspendUser(ctx: Context, userId: string): Promise<void> {
  const sessionIds = await inTransaction(ctx.db.pool, async (client) => {
    // The user first: who signs in at this moment is either too late or among the sessions that end.
    const { rowCount } = await client.query(SUSPEND, [userId])
    if (rowCount === 0) throw new NotFound("user")
    return markSessionsEnded(client, ctx.timing, { userId })
  })
  announceEnded(ctx, { userId, sessionIds, why: "suspended" })
  await cancelReplies(ctx, userId)
}

const SUSPEND = `
  UPDATE users SET suspended_at = coalesce(suspended_at, now()), updated_at = now()
  WHERE id = $1 AND deleted_at IS NULL`

/** Lets a user sign in again. @throws {NotFound} */
export async function unsuspendUser(ctx: Context, userId: string): Promise<void> {
  const [changed] = await ctx.models.User.update(
    { suspendedAt: null },
    { where: { id: userId, deletedAt: null } },
  )
  if (changed === 0) throw new NotFound("user")
}

/** Noted on the rows, so that whoever takes one up only ends it; what waits is ended here. */
async function cancelReplies(ctx: Context, userId: string): Promise<void> {
  const { rows } = await ctx.db.pool.query<{ id: string; chatroom_id: string; status: string }>(CANCEL, [
    userId,
  ])
  for (const { id, chatroom_id: chatroomId, status } of rows) {
    if (status === "running") ctx.cancellations.request({ userId, id })
    else ctx.background.run("end a reply", () => endAsCancelled(ctx, { id, chatroomId, userId }))
  }
}

const CANCEL = `
  UPDATE messages SET cancel_requested_at = coalesce(cancel_requested_at, now())
  WHERE user_id = $1 AND status IN ('queued', 'running')
  RETURNING id, chatroom_id, status`
