import type { Timing } from "../../config/timing.ts"
import { eraseDeletedUsers } from "../account/erase-users.ts"
import type { Context } from "../context.ts"

/** Deletes expired rows and erases deleted users. Several processes may run it at once; a failed step doesn't stop the others. */
export async function cleanUp(ctx: Context): Promise<void> {
  const steps = expired(ctx.timing.retention).map(
    ([table, condition]) =>
      () =>
        ctx.db.pool.query(deleteSome(table, condition)),
  )
  for (const step of [...steps, () => eraseDeletedUsers(ctx)]) {
    await step().catch((err: unknown) => ctx.log.warn({ err }, "clean-up step failed"))
  }
}

/** Deletes one batch, to stay far below the statement timeout. The next rounds delete the rest. */
function deleteSome(table: string, condition: string): string {
  return `DELETE FROM ${table} WHERE ctid = ANY (ARRAY (SELECT ctid FROM ${table} WHERE ${condition} LIMIT 10000))`
}

const before = (ms: number) => `now() - interval '${ms} milliseconds'`

const expired = (kept: Timing["retention"]) =>
  [
    ["billing_events", `received_at < ${before(kept.billingEventsMs)} AND status <> 'pending'`],
    ["idempotency_keys", `created_at < ${before(kept.idempotencyKeysMs)}`],
    ["one_time_codes", `sent_at < ${before(kept.codesMs)}`],
    ["otp_budgets", "day < (now() AT TIME ZONE 'UTC')::date - 1"],
    ["password_guesses", "window_ends_at < now()"],
    ["provider_calls", `minute < ${before(kept.providerCallsMs)}`],
    ["session_revocations", "expires_at < now()"],
    ["sessions", `expires_at < ${before(kept.sessionsMs)}`],
    ["workers", `seen_at < ${before(kept.workersMs)}`],
  ] as const
