import { Op } from "sequelize"
import { z } from "zod"
import { afterKeyset } from "../../models/keyset.ts"
import { CursorTime, decodeCursor, encodeCursor } from "../../utils/cursor.ts"
import type { Context } from "../context.ts"

/** An entry of the entitlement log: the entitlement from `at` on, and its reason. */
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

/** Lists a user's entitlement log, newest first. @throws {InvalidRequest} for an invalid cursor */
export async function listEntitlements(
  ctx: Context,
  { userId, limit, cursor }: { userId: string; limit: number; cursor?: string },
): Promise<{ items: EntitlementEntry[]; next: string | null }> {
  const keyset = cursor === undefined ? null : decodeCursor(cursor, Cursor)
  const rows: EntitlementEntry[] = await ctx.models.EntitlementEntry.findAll({
    attributes: ["id", "at", "tier", "until", "reason", "cause", "eventId", "subscriptionId"],
    where: { userId, [Op.and]: keyset ? [afterKeyset("at", keyset)] : [] },
    order: [
      ["at", "DESC"],
      ["id", "DESC"],
    ],
    limit: limit + 1,
    raw: true,
  })
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  const next = rows.length > limit && last ? encodeCursor([last.at.toISOString(), last.id]) : null
  return { items, next }
}
