import { z } from "zod"
import { CursorTime, decodeCursor, encodeCursor } from "../../utils/cursor.ts"
import { toCamelCase } from "../../utils/records.ts"
import type { Context } from "../context.ts"

/** One entry of the log: what was in force from `at` on, and why. */
export interface EntitlementEntry {
  id: string
  at: Date
  tier: "basic" | "pro"
  until: Date | null
  reason: string
  cause: string
  eventId: string | null
  subscriptionId: string | null
}

const Cursor = z.tuple([CursorTime, z.uuid()])

/** The user's entitlement log, newest first. @throws {InvalidRequest} for a cursor that isn't one */
export async function listEntitlements(
  ctx: Context,
  { userId, limit, cursor }: { userId: string; limit: number; cursor?: string },
): Promise<{ items: EntitlementEntry[]; next: string | null }> {
  const [at, id] = cursor === undefined ? [null, null] : decodeCursor(cursor, Cursor)
  const { rows } = await ctx.db.pool.query({
    name: "list-entitlements",
    text: LIST,
    values: [userId, limit + 1, at, id],
  })
  const items = rows.slice(0, limit).map((row) => toCamelCase<EntitlementEntry>(row))
  const last = items.at(-1)
  const next = rows.length > limit && last ? encodeCursor([last.at.toISOString(), last.id]) : null
  return { items, next }
}

const LIST = `
  SELECT id, at, tier, until, reason, cause, event_id, subscription_id FROM entitlement_log
  WHERE user_id = $1
    AND (at, id) < (coalesce($3::timestamptz, 'infinity'), coalesce($4::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
  ORDER BY at DESC, id DESC LIMIT $2`
