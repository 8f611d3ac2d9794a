import type { Sequelize } from "sequelize"
import { defineAuditEntry } from "./audit-entry.ts"
import { defineChatroom } from "./chatroom.ts"
import { defineEntitlementEntry } from "./entitlement-entry.ts"
import { defineMessage } from "./message.ts"
import { defineSession } from "./session.ts"
import { defineUser } from "./user.ts"

export type Models = ReturnType<typeof defineModels>

/** Binds the tables to one connection pool, so that a process may hold several databases. */
export function defineModels(sequelize: Sequelize) {
  const models = {
    User: defineUser(sequelize),
    Chatroom: defineChatroom(sequelize),
    Message: defineMessage(sequelize),
    Session: defineSession(sequelize),
    AuditEntry: defineAuditEntry(sequelize),
    EntitlementEntry: defineEntitlementEntry(sequelize),
  }
  const { User, Chatroom, Message, Session } = models
  User.hasMany(Session, { as: "sessions", foreignKey: "userId" })
  User.hasMany(Chatroom, { as: "chatrooms", foreignKey: "userId" })
  Chatroom.hasMany(Message, { as: "messages", foreignKey: "chatroomId", sourceKey: "id" })
  return models
}
