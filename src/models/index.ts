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
  return {
    User: defineUser(sequelize),
    Chatroom: defineChatroom(sequelize),
    Message: defineMessage(sequelize),
    Session: defineSession(sequelize),
    AuditEntry: defineAuditEntry(sequelize),
    EntitlementEntry: defineEntitlementEntry(sequelize),
  }
}
