import type pg from "pg"
import { inTransaction } from "../../config/database.ts"
import { markSessionsEnded, recordEndedSessions } from "../auth/end-sessions.ts"
import type { Principal } from "../auth/principal.ts"
import { closeCustomer } from "../billing/close-customer.ts"
import { keepTrial } from "../billing/trials.ts"
import { dropCopies } from "../chat/drop-copies.ts"
import type { Context } from "../context.ts"
import { keepUsage } from "../usage/quota.ts"
import { eraseDeletedUsers } from "./erase-users.ts"

/**
 * Deletes the principal's account. Name, number and password are removed and all sessions end at once; messages are
 * erased and the subscription is cancelled in the background. Safe to repeat.
 */
export async function deleteUser(ctx: Context, { userId }: Principal): Promise<void> {
  const deleted = await withNumber(() =>
    inTransaction(ctx.db.pool, (client) => markDeleted(ctx, client, userId)),
  )
  recordEndedSessions(ctx, { userId, sessionIds: deleted.sessionIds, why: "user_deleted" })
  if (deleted.now) ctx.events.userDeleted({ userId })
  dropCopies(ctx, { userId, replyIds: [] })
  ctx.background.run("erase deleted users", () => eraseDeletedUsers(ctx))
}

/** The user's number has changed since it was read. */
class NumberChanged extends Error {}

/** Begins again where the number changed meanwhile: users rarely do that, and not twice at once. */
async function withNumber<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof NumberChanged)) throw error
    return withNumber(work)
  }
}

/**
 * Locks codes, customer and usage before the user. Sign-in, billing and prompts use the same order, so that no deadlock
 * occurs. So the number is read before the user is locked.
 * @throws {NumberChanged} when it is another one then
 */
async function markDeleted(ctx: Context, client: pg.ClientBase, userId: string) {
  const { rows } = await client.query<{ number: string | null }>(
    "SELECT mobile_number AS number FROM users WHERE id = $1",
    [userId],
  )
  const number = rows[0]?.number ?? null
  await client.query(DELETE_CODES, [number, userId])
  await client.query("DELETE FROM sign_ups WHERE mobile_number = $1", [number])
  await closeCustomer(client, userId)
  if (number !== null) {
    const numberHash = ctx.tokens.numbers.hash(number)
    await keepUsage(client, { userId, numberHash })
    await keepTrial(client, { userId, numberHash })
  }
  const { rowCount } = await client.query(
    `UPDATE users SET deleted_at = now(), updated_at = now(), mobile_number = NULL, name = NULL, password_hash = NULL
     WHERE id = $1 AND deleted_at IS NULL AND mobile_number = $2`,
    [userId, number],
  )
  if (rowCount === 0 && number !== null && (await isStillThere(client, userId))) throw new NumberChanged()
  return { now: rowCount === 1, sessionIds: await markSessionsEnded(client, ctx.timing, { userId }) }
}

/** In the order of their keys, as everywhere: those of the number, and those that the user has asked for to another one. */
const DELETE_CODES = `
  WITH locked AS (
    SELECT mobile_number, purpose FROM one_time_codes WHERE mobile_number = $1 OR user_id = $2
    ORDER BY mobile_number, purpose FOR UPDATE
  )
  DELETE FROM one_time_codes WHERE (mobile_number, purpose) IN (SELECT mobile_number, purpose FROM locked)`

async function isStillThere(client: pg.ClientBase, userId: string): Promise<boolean> {
  const { rowCount } = await client.query("SELECT 1 FROM users WHERE id = $1 AND deleted_at IS NULL", [
    userId,
  ])
  return rowCount === 1
}
