import type { Timing } from "../../config/timing.ts"
import { eraseDeletedUsers } from "../account/erase-users.ts"
import { collectAttachments } from "../attachments/collect-attachments.ts"
import { collectGarbage } from "../attachments/collect-garbage.ts"
import type { Context } from "../context.ts"
import { collectImports } from "../transfer/collect-imports.ts"
import { TODAY_SQL } from "../usage/quota.ts"
import { eraseExpiredChatrooms } from "./erase-expired-chatrooms.ts"

/** Deletes expired rows and erases expired rooms and deleted users. Several processes may run it at once; a failed step doesn't stop the others. */
export async function cleanUp(ctx: Context): Promise<void> {
  const steps = expired(ctx.timing.retention).map(
    ([table, condition]) =>
      () =>
        ctx.db.pool.query(deleteSome(table, condition)),
  )
  const erasures = [
    eraseDeletedUsers,
    eraseExpiredChatrooms,
    collectAttachments,
    collectGarbage,
    collectImports,
  ]
  for (const step of [...steps, ...erasures.map((erase) => () => erase(ctx))]) {
    await step().catch((err: unknown) => ctx.log.warn({ err }, "clean-up step failed"))
  }
}

/**
 * Deletes one batch, to stay far below the statement timeout; the next rounds delete the rest. Rows that are locked are
 * left for a later round: another statement may be counting on them, and would wait in the other order.
 */
function deleteSome(table: string, condition: string): string {
  return `DELETE FROM ${table} WHERE ctid = ANY (ARRAY (SELECT ctid FROM ${table} WHERE ${condition} LIMIT 10000 FOR UPDATE SKIP LOCKED))`
}

const before = (ms: number) => `app_now() - interval '${ms} milliseconds'`

/** Revocations and heartbeats measure elapsed time. */
const expired = (retention: Timing["retention"]) =>
  [
    ["activity_hours", `hour < ${before(retention.activityMs)}`],
    ["billing_events", `received_at < ${before(retention.billingEventsMs)} AND status <> 'pending'`],
    ["billing_strangers", `seen_at < ${before(retention.strangersMs)}`],
    ["counters", "ends_at < app_now()"],
    ["deleted_chatrooms", `deleted_at < ${before(retention.deletedChatroomsMs)}`],
    ["idempotency_keys", `created_at < ${before(retention.idempotencyKeysMs)}`],
    ["one_time_codes", `sent_at < ${before(retention.codesMs)}`],
    ["session_revocations", "expires_at < now()"],
    ["sessions", `expires_at < ${before(retention.sessionsMs)}`],
    ["usage_of_numbers", `day < ${TODAY_SQL}`],
    ["trials_of_numbers", `kept_at < ${before(retention.trialsMs)}`],
    ["sign_ups", `signed_up_at < ${before(retention.signUpsMs)}`],
    ["workers", `seen_at < now() - interval '${retention.workersMs} milliseconds'`],
  ] as const
