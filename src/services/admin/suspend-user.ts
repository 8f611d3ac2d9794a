import { inTransaction } from "../../config/database.ts"
import { NotFound } from "../../utils/errors.ts"
import { markSessionsEnded, recordEndedSessions } from "../auth/end-sessions.ts"
import type { Context } from "../context.ts"
import { endAsCancelled } from "../replies/accept/end-reply.ts"

/**
 * Suspends a user: they can't sign in, their tokens are revoked within a second, and replies in progress are
 * cancelled. Their data is kept and the subscription isn't touched. Safe to repeat.
 * @throws {NotFound}
 */
export async function suspendUser(ctx: Context, userId: string): Promise<void> {
  const sessionIds = await inTransaction(ctx.db.pool, async (client) => {
    // The user first: a concurrent sign-in then either fails or its session is among those that end.
    const { rowCount } = await client.query(SUSPEND, [userId])
    if (rowCount === 0) throw new NotFound("user")
    return markSessionsEnded(client, ctx.timing, { userId })
  })
  recordEndedSessions(ctx, { userId, sessionIds, why: "suspended" })
  await cancelReplies(ctx, userId)
}

const SUSPEND = `
  UPDATE users SET suspended_at = coalesce(suspended_at, now()), updated_at = now()
  WHERE id = $1 AND deleted_at IS NULL`

/** Lets a user sign in again. @throws {NotFound} */
export async function unsuspendUser(ctx: Context, userId: string): Promise<void> {
  const { User } = await ctx.models()
  const [changed] = await User.update({ suspendedAt: null }, { where: { id: userId, deletedAt: null } })
  if (changed === 0) throw new NotFound("user")
}

/** Requests the cancellation in the rows, so that no worker starts a queued reply. The queued ones end here. */
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
  WHERE user_id = $1 AND lease_until IS NOT NULL AND position > 0
  RETURNING id, chatroom_id, status`
