import { eraseDeletedUsers } from "../account/erase-users.ts"
import type { Context } from "../context.ts"

/** Removes what has served its time. Each step may run in several processes at once, and fails alone. */
export async function cleanUp(ctx: Context): Promise<void> {
  const steps = EXPIRED.map(
    ([table, condition]) =>
      () =>
        ctx.db.pool.query(deleteSome(table, condition)),
  )
  for (const step of [...steps, () => eraseDeletedUsers(ctx)]) {
    await step().catch((err: unknown) => ctx.log.warn({ err }, "clean-up step failed"))
  }
}

/** A batch at a time, which stays far below the statement timeout; the rest goes in the next rounds. */
function deleteSome(table: string, condition: string): string {
  return `DELETE FROM ${table} WHERE ctid = ANY (ARRAY (SELECT ctid FROM ${table} WHERE ${condition} LIMIT 10000))`
}

/** The contract keeps idempotency keys for at least 24 h. What measures elapsed time goes by `now()`. */
const EXPIRED = [
  // Stripe sends an event for three days; who asks why somebody is Pro finds its id in the entitlement log.
  ["billing_events", "received_at < app_now() - interval '90 days' AND status <> 'pending'"],
  ["counters", "ends_at < app_now()"],
  ["idempotency_keys", "created_at < app_now() - interval '48 hours'"],
  ["one_time_codes", "sent_at < app_now() - interval '1 day'"],
  ["session_revocations", "expires_at < now()"],
  ["sessions", "expires_at < app_now() - interval '7 days'"],
  ["workers", "seen_at < now() - interval '1 hour'"],
] as const
