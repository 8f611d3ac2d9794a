import {
  type CreationOptional,
  DataTypes,
  type InferAttributes,
  type InferCreationAttributes,
  Model,
  type Sequelize,
} from "sequelize"

/** What a user was allowed from `at` on, and why. The log is append-only. */
export class EntitlementEntryModel extends Model<
  InferAttributes<EntitlementEntryModel>,
  InferCreationAttributes<EntitlementEntryModel>
> {
  declare id: string
  declare userId: string
  declare at: CreationOptional<Date>
  declare tier: "basic" | "pro"
  declare until: Date | null
  declare reason: string
  declare cause: string
  declare eventId: string | null
  declare subscriptionId: string | null
}

export function defineEntitlementEntry(sequelize: Sequelize) {
  class EntitlementEntry extends EntitlementEntryModel {}
  return EntitlementEntry.init(
    {
      userId: { type: DataTypes.UUID, primaryKey: true },
      id: { type: DataTypes.UUID, primaryKey: true },
      at: DataTypes.DATE,
      tier: DataTypes.TEXT,
      until: DataTypes.DATE,
      reason: DataTypes.TEXT,
      cause: DataTypes.TEXT,
      eventId: DataTypes.TEXT,
      subscriptionId: DataTypes.TEXT,
    },
    { sequelize, tableName: "entitlement_log", underscored: true, timestamps: false },
  )
}
