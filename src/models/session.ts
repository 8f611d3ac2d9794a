import type { CreationOptional, InferAttributes, InferCreationAttributes, Model } from "sequelize"
import type { Columns } from "./columns.ts"

/** How a session was begun: a fresh code lets its owner set a password without the old one. */
export type OpenedBy = "otp" | "password"

/** A family of refresh tokens, of which `generation` names the newest. */
export interface SessionModel
  extends Model<InferAttributes<SessionModel>, InferCreationAttributes<SessionModel>> {
  id: string
  userId: string
  openedBy: OpenedBy
  generation: CreationOptional<number>
  rotatedAt: CreationOptional<Date>
  userAgent: string | null
  address: string | null
  createdAt: CreationOptional<Date>
  lastUsedAt: CreationOptional<Date>
  expiresAt: Date
  endedAt: CreationOptional<Date | null>
}

/** The columns, in the order of the table. */
export const sessionColumns = {
  userId: { type: "uuid", primaryKey: true },
  id: { type: "uuid", primaryKey: true },
  openedBy: "text",
  generation: { type: "integer", defaultValue: 0 },
  rotatedAt: "timestamptz",
  userAgent: "text",
  address: "text",
  createdAt: "timestamptz",
  lastUsedAt: "timestamptz",
  expiresAt: "timestamptz",
  endedAt: "timestamptz",
} satisfies Columns<SessionModel>
