import type { Sequelize } from "sequelize"
import { defineChatroom } from "./chatroom.ts"
import { defineMessage } from "./message.ts"
import { defineSession } from "./session.ts"
import { defineUser } from "./user.ts"

export type Models = ReturnType<typeof defineModels>

/** Binds the tables to one connection pool, so that a process may hold several databases. */
export function defineModels(sequelize: Sequelize) {
  const models = {
    User: defineUser(sequelize),
    Session: defineSession(sequelize),
    Chatroom: defineChatroom(sequelize),
    Message: defineMessage(sequelize),
  }
  models.User.hasMany(models.Chatroom, { foreignKey: "userId" })
  models.User.hasMany(models.Session, { foreignKey: "userId" })
  models.Chatroom.hasMany(models.Message, { foreignKey: "chatroomId" })
  return models
}
