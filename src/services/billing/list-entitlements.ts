import type { InferAttributes } from "sequelize"
import type { EntitlementEntryModel } from "../../models/entitlement-entry.ts"
import { newestFirst, type Page, type PageRequest, readPage } from "../../models/keyset.ts"
import type { Context } from "../context.ts"

const FIELDS = ["id", "at", "tier", "until", "reason", "cause", "eventId", "subscriptionId"] as const

/** An entry of the entitlement log: the entitlement from `at` on, and its reason. */
export type EntitlementEntry = Pick<InferAttributes<EntitlementEntryModel>, (typeof FIELDS)[number]>

/** Lists a user's entitlement log, newest first. @throws {InvalidRequest} for an invalid cursor */
export async function listEntitlements(
  ctx: Context,
  { userId, ...page }: PageRequest & { userId: string },
): Promise<Page<EntitlementEntry>> {
  const { EntitlementEntry, newestRows } = await ctx.models()
  return readPage(page, newestFirst("at"), (after, limit) =>
    EntitlementEntry.findAll({
      attributes: [...FIELDS],
      ...newestRows("at", after, limit, { userId }),
    }),
  )
}
