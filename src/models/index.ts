import type { Sequelize } from "sequelize"
import { defineChatroom } from "./chatroom.ts"
import { defineMessage } from "./message.ts"
import { defineUser } from "./user.ts"

export type Models = ReturnType<typeof defineModels>

/** Binds the tables to one connection pool, so that a process may hold several databases. */
export function defineModels(sequelize: Sequelize) {
  return {
    User: defineUser(sequelize),
    Chatroom: defineChatroom(sequelize),
    Message: defineMessage(sequelize),
  }
}
