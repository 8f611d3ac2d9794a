import type { Context } from "../context.ts"
import { addUsageSql, type UseKind, usesValue } from "./model-usage.ts"
import { type ReportedCall, toUse } from "./model-use.ts"

/** A call that was made for a user but is no reply. */
export interface OtherCall {
  userId: string
  kind: Exclude<UseKind, "reply">
  /** The UTC day whose prices apply, YYYY-MM-DD. */
  day: string
  call: ReportedCall
}

/**
 * Records what such a call cost: in the user's and the operators' totals, on no message. Of a user who is gone it records
 * nothing. Never throws, because what the call was for must not fail by it.
 */
export async function recordUse(
  { config, db, events, log }: Context,
  { userId, kind, day, call }: OtherCall,
): Promise<void> {
  try {
    const use = toUse(config.gemini.prices, day, call)
    if (!use) return
    events.callBilled(use)
    await db.execute("record-use", RECORD, [userId, kind, usesValue([use])])
  } catch (err) {
    log.warn({ err, kind, model: call.model }, "what a call used was not recorded")
  }
}

const RECORD = `
  WITH known AS (SELECT id AS user_id FROM users WHERE id = $1 AND deleted_at IS NULL FOR KEY SHARE)
  ${addUsageSql("known", "$3", "$2::text")}`
