import type pg from "pg"
import { DataTypes, fn, type Model, type ModelAttributes, type ModelOptions, Op } from "sequelize"
import { type AuditEntryModel, auditEntryColumns } from "./audit-entry.ts"
import { type ChatroomModel, chatroomColumns } from "./chatroom.ts"
import type { Column, Columns, ColumnType } from "./columns.ts"
import { type EntitlementEntryModel, entitlementEntryColumns } from "./entitlement-entry.ts"
import { type MessageModel, messageColumns } from "./message.ts"
import { newestRows } from "./newest-rows.ts"
import { createSequelize } from "./sequelize.ts"
import { type SessionModel, sessionColumns } from "./session.ts"
import { type UserModel, userColumns } from "./user.ts"

export type Models = ReturnType<typeof openModels>

/** Returns the models on `pool`, and the conditions by which services ask for rows. */
export function openModels(pool: pg.Pool) {
  const sequelize = createSequelize(pool)
  function define<M extends Model>(name: string, tableName: string, columns: Columns<M>, options = {}) {
    const settings: ModelOptions<M> = { tableName, underscored: true, timestamps: false, ...options }
    return sequelize.define<M>(name, attributesOf<M>(columns), settings)
  }
  const models = {
    User: define<UserModel>("User", "users", userColumns, { timestamps: true }),
    Chatroom: define<ChatroomModel>("Chatroom", "chatrooms", chatroomColumns),
    Message: define<MessageModel>("Message", "messages", messageColumns),
    Session: define<SessionModel>("Session", "sessions", sessionColumns),
    AuditEntry: define<AuditEntryModel>("AuditEntry", "admin_audit", auditEntryColumns),
    EntitlementEntry: define<EntitlementEntryModel>(
      "EntitlementEntry",
      "entitlement_log",
      entitlementEntryColumns,
    ),
  }
  const { User, Chatroom, Message, Session } = models
  User.hasMany(Session, { as: "sessions", foreignKey: "userId" })
  User.hasMany(Chatroom, { as: "chatrooms", foreignKey: "userId" })
  Chatroom.hasMany(Message, { as: "messages", foreignKey: "chatroomId", sourceKey: "id" })
  return { ...models, newestRows, isOpenSession, isSet }
}

/** The condition of sessions that can still be refreshed. */
const isOpenSession = { endedAt: null, expiresAt: { [Op.gt]: fn("app_now") } }

/** The condition of a column that isn't null. */
const isSet = { [Op.ne]: null }

function attributesOf<M extends Model>(columns: Columns<M>): ModelAttributes<M> {
  const attributes = Object.entries<Column>(columns).map(([name, column]) => {
    const { type, ...rest } = typeof column === "string" ? { type: column } : column
    return [name, { type: TYPES[type], ...rest }]
  })
  return Object.fromEntries(attributes) as ModelAttributes<M>
}

const TYPES = {
  boolean: DataTypes.BOOLEAN,
  date: DataTypes.DATEONLY,
  integer: DataTypes.INTEGER,
  jsonb: DataTypes.JSONB,
  numeric: DataTypes.DECIMAL,
  smallint: DataTypes.SMALLINT,
  text: DataTypes.TEXT,
  timestamptz: DataTypes.DATE,
  uuid: DataTypes.UUID,
} satisfies Record<ColumnType, unknown>
