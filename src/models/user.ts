import type {
  CreationOptional,
  HasManyCountAssociationsMixin,
  InferAttributes,
  InferCreationAttributes,
  Model,
} from "sequelize"
import { type Columns, selectSql } from "./columns.ts"

/** A person, known by a mobile number. A deleted one keeps a nameless row until everything is erased. */
export interface UserModel extends Model<InferAttributes<UserModel>, InferCreationAttributes<UserModel>> {
  id: string
  mobileNumber: string | null
  name: CreationOptional<string | null>
  passwordHash: CreationOptional<string | null>
  proUntil: CreationOptional<Date | null>
  verifiedAt: CreationOptional<Date | null>
  deletedAt: CreationOptional<Date | null>
  role: CreationOptional<"user" | "admin">
  suspendedAt: CreationOptional<Date | null>
  createdAt: CreationOptional<Date>
  updatedAt: CreationOptional<Date>
  countSessions: HasManyCountAssociationsMixin
  countChatrooms: HasManyCountAssociationsMixin
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

/** The columns, in the order of the table. */
export const userColumns = {
  id: { type: "uuid", primaryKey: true },
  mobileNumber: "text",
  name: "text",
  passwordHash: "text",
  proUntil: "timestamptz",
  verifiedAt: "timestamptz",
  deletedAt: "timestamptz",
  role: { type: "text", defaultValue: "user" },
  suspendedAt: "timestamptz",
  createdAt: "timestamptz",
  updatedAt: "timestamptz",
} satisfies Columns<UserModel>
