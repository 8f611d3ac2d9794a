import {
  type CreationOptional,
  DataTypes,
  type InferAttributes,
  type InferCreationAttributes,
  Model,
  type Sequelize,
} from "sequelize"

/** How a session was begun: a fresh code lets its owner set a password without the old one. */
export type OpenedBy = "otp" | "password"

/** A family of refresh tokens, of which `generation` names the newest. */
export class SessionModel extends Model<
  InferAttributes<SessionModel>,
  InferCreationAttributes<SessionModel>
> {
  declare id: string
  declare userId: string
  declare openedBy: OpenedBy
  declare generation: CreationOptional<number>
  declare rotatedAt: CreationOptional<Date>
  declare userAgent: string | null
  declare address: string | null
  declare createdAt: CreationOptional<Date>
  declare lastUsedAt: CreationOptional<Date>
  declare expiresAt: Date
  declare endedAt: CreationOptional<Date | null>
}

export function defineSession(sequelize: Sequelize) {
  class Session extends SessionModel {}
  return Session.init(
    {
      userId: { type: DataTypes.UUID, primaryKey: true },
      id: { type: DataTypes.UUID, primaryKey: true },
      openedBy: DataTypes.TEXT,
      generation: { type: DataTypes.INTEGER, defaultValue: 0 },
      rotatedAt: DataTypes.DATE,
      userAgent: DataTypes.TEXT,
      address: DataTypes.TEXT,
      createdAt: DataTypes.DATE,
      lastUsedAt: DataTypes.DATE,
      expiresAt: DataTypes.DATE,
      endedAt: DataTypes.DATE,
    },
    { sequelize, tableName: "sessions", underscored: true, timestamps: false },
  )
}
