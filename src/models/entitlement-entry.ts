import type { CreationOptional, InferAttributes, InferCreationAttributes, Model } from "sequelize"
import type { Columns } from "./columns.ts"

/** What a user was allowed from `at` on, and why. The log is append-only. */
export interface EntitlementEntryModel
  extends Model<InferAttributes<EntitlementEntryModel>, InferCreationAttributes<EntitlementEntryModel>> {
  id: string
  userId: string
  at: CreationOptional<Date>
  tier: "basic" | "pro"
  until: Date | null
  reason: string
  cause: string
  eventId: string | null
  subscriptionId: string | null
}

/** The columns, in the order of the table. */
export const entitlementEntryColumns = {
  userId: { type: "uuid", primaryKey: true },
  id: { type: "uuid", primaryKey: true },
  at: "timestamptz",
  tier: "text",
  until: "timestamptz",
  reason: "text",
  cause: "text",
  eventId: "text",
  subscriptionId: "text",
} satisfies Columns<EntitlementEntryModel>
