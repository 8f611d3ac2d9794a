import type { CreationOptional, InferAttributes, InferCreationAttributes, Model } from "sequelize"
import type { Columns } from "./columns.ts"

/** One action of an operator's. No names, numbers or texts: ids alone. A trigger lets nothing but `begun` end. */
export interface AuditEntryModel
  extends Model<InferAttributes<AuditEntryModel>, InferCreationAttributes<AuditEntryModel>> {
  id: string
  at: CreationOptional<Date>
  actor: string
  action: string
  targetId: string | null
  requestId: string
  address: string
  /** `begun` until it has ended, and for ever where the process died in between; then `ok`, or what went wrong. */
  outcome: string
}

/** The columns, in the order of the table. */
export const auditEntryColumns = {
  id: { type: "uuid", primaryKey: true },
  at: "timestamptz",
  actor: "text",
  action: "text",
  targetId: "text",
  requestId: "text",
  address: "text",
  outcome: "text",
} satisfies Columns<AuditEntryModel>
