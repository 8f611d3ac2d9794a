import type { Timing } from "../../config/timing.ts"
import { eraseDeletedUsers } from "../account/erase-users.ts"
import type { Context } from "../context.ts"

/** Removes what has served its time. Each step may run in several processes at once, and fails alone. */
export async function cleanUp(ctx: Context): Promise<void> {
  const steps = expired(ctx.timing.kept).map(
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

const before = (ms: number) => `app_now() - interval '${ms} milliseconds'`

/** Revocations and heartbeats measure elapsed time. */
const expired = (kept: Timing["kept"]) =>
  [
    ["billing_events", `received_at < ${before(kept.billingEventsMs)} AND status <> 'pending'`],
    ["counters", "ends_at < app_now()"],
    ["idempotency_keys", `created_at < ${before(kept.idempotencyKeysMs)}`],
    ["one_time_codes", `sent_at < ${before(kept.codesMs)}`],
    ["session_revocations", "expires_at < now()"],
    ["sessions", `expires_at < ${before(kept.sessionsMs)}`],
    ["workers", `seen_at < now() - interval '${kept.workersMs} milliseconds'`],
  ] as const
