import {
  type CreationOptional,
  DataTypes,
  type InferAttributes,
  type InferCreationAttributes,
  Model,
  type Sequelize,
} from "sequelize"

/** One action of an operator's. No names, numbers or texts: ids alone. A trigger lets nothing but `begun` end. */
export class AuditEntryModel extends Model<
  InferAttributes<AuditEntryModel>,
  InferCreationAttributes<AuditEntryModel>
> {
  declare id: string
  declare at: CreationOptional<Date>
  declare actor: string
  declare action: string
  declare targetId: string | null
  declare requestId: string
  declare address: string
  /** `begun` until it has ended, and for ever where the process died in between; then `ok`, or what went wrong. */
  declare outcome: string
}

export function defineAuditEntry(sequelize: Sequelize) {
  class AuditEntry extends AuditEntryModel {}
  return AuditEntry.init(
    {
      id: { type: DataTypes.UUID, primaryKey: true },
      at: DataTypes.DATE,
      actor: DataTypes.TEXT,
      action: DataTypes.TEXT,
      targetId: DataTypes.TEXT,
      requestId: DataTypes.TEXT,
      address: DataTypes.TEXT,
      outcome: DataTypes.TEXT,
    },
    { sequelize, tableName: "admin_audit", underscored: true, timestamps: false },
  )
}
