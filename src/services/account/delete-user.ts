import type pg from "pg"
import { inTransaction } from "../../config/database.ts"
import { announceEnded, markSessionsEnded } from "../auth/end-sessions.ts"
import type { Principal } from "../auth/principal.ts"
import { closeCustomer } from "../billing/close-customer.ts"
import type { Context } from "../context.ts"
import { eraseDeletedUsers } from "./erase-users.ts"

/**
 * Deletes the caller: at once their name, number and password are gone, the number is free and all sessions are
 * ended; what they wrote is erased in the background, and their subscription cancelled. Deleting twice is deleting once.
 */
export async function deleteUser(ctx: Context, { userId }: Principal): Promise<void> {
  const deleted = await inTransaction(ctx.db.pool, (client) => markDeleted(ctx, client, userId))
  announceEnded(ctx, { userId, sessionIds: deleted.sessionIds, why: "user_deleted" })
  if (deleted.now) ctx.events.userDeleted({ userId })
  ctx.background.run("erase deleted users", () => eraseDeletedUsers(ctx))
}

/** Codes and the payer before the user: signing in and billing take them in that order, so that none waits in a circle. */
async function markDeleted(ctx: Context, client: pg.ClientBase, userId: string) {
  await client.query(
    "DELETE FROM one_time_codes WHERE mobile_number = (SELECT mobile_number FROM users WHERE id = $1)",
    [userId],
  )
  await closeCustomer(client, userId)
  const { rowCount } = await client.query(
    `UPDATE users SET deleted_at = now(), updated_at = now(), mobile_number = NULL, name = NULL, password_hash = NULL
     WHERE id = $1 AND deleted_at IS NULL`,
    [userId],
  )
  return { now: rowCount === 1, sessionIds: await markSessionsEnded(client, ctx.timing, { userId }) }
}
