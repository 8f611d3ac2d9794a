import {
  type CreationOptional,
  DataTypes,
  type HasManyCountAssociationsMixin,
  type InferAttributes,
  type InferCreationAttributes,
  Model,
  type Sequelize,
} from "sequelize"
import { selectSql } from "./columns.ts"

/** A person, known by a mobile number. A deleted one keeps a nameless row until everything is erased. */
export class UserModel extends Model<InferAttributes<UserModel>, InferCreationAttributes<UserModel>> {
  declare id: string
  declare mobileNumber: string | null
  declare name: CreationOptional<string | null>
  declare passwordHash: CreationOptional<string | null>
  declare proUntil: CreationOptional<Date | null>
  declare verifiedAt: CreationOptional<Date | null>
  declare deletedAt: CreationOptional<Date | null>
  declare role: CreationOptional<"user" | "admin">
  declare suspendedAt: CreationOptional<Date | null>
  declare createdAt: CreationOptional<Date>
  declare updatedAt: CreationOptional<Date>
  declare countSessions: HasManyCountAssociationsMixin
  declare countChatrooms: HasManyCountAssociationsMixin
}

export type Tier = "basic" | "pro"

/** Returns whether a user is Pro now, by their `pro_until`: on the database's clock, so that it ends by itself. */
export function isProSql(table: string): string {
  return `coalesce(${table}.pro_until > app_now(), false)`
}

/** Returns the tier in force now. */
export function tierSql(table: string): string {
  return `CASE WHEN ${isProSql(table)} THEN 'pro' ELSE 'basic' END`
}

const FIELDS = ["id", "mobileNumber", "name", "passwordHash", "createdAt"] as const

/** A user as the services pass them on. The number is null once the user is deleted. */
export type UserRecord = Pick<InferAttributes<UserModel>, (typeof FIELDS)[number]> & { tier: Tier }

/** Returns the SELECT list of a `UserRecord`. */
export function userSql(table: string): string {
  return `${selectSql(FIELDS, table)}, ${tierSql(table)} AS tier`
}

export function defineUser(sequelize: Sequelize) {
  class User extends UserModel {}
  return User.init(
    {
      id: { type: DataTypes.UUID, primaryKey: true },
      mobileNumber: DataTypes.TEXT,
      name: DataTypes.TEXT,
      passwordHash: DataTypes.TEXT,
      proUntil: DataTypes.DATE,
      verifiedAt: DataTypes.DATE,
      deletedAt: DataTypes.DATE,
      role: { type: DataTypes.TEXT, defaultValue: "user" },
      suspendedAt: DataTypes.DATE,
      createdAt: DataTypes.DATE,
      updatedAt: DataTypes.DATE,
    },
    { sequelize, tableName: "users", underscored: true },
  )
}
