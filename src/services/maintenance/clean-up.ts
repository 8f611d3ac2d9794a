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

/** The contract keeps idempotency keys for at least 24 h. */
const EXPIRED = [
  // Stripe sends an event for three days; who asks why somebody is Pro finds its id in the entitlement log.
  ["billing_events", "received_at < now() - interval '90 days' AND status <> 'pending'"],
  ["idempotency_keys", "created_at < now() - interval '48 hours'"],
  ["one_time_codes", "sent_at < now() - interval '1 day'"],
  ["otp_budgets", "day < (now() AT TIME ZONE 'UTC')::date - 1"],
  ["password_guesses", "window_ends_at < now()"],
  ["provider_calls", "minute < now() - interval '1 hour'"],
  ["session_revocations", "expires_at < now()"],
  ["sessions", "expires_at < now() - interval '7 days'"],
  ["workers", "seen_at < now() - interval '1 hour'"],
] as const
