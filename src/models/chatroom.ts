import {
  type CreationOptional,
  DataTypes,
  type HasManyCountAssociationsMixin,
  type InferAttributes,
  type InferCreationAttributes,
  Model,
  type Sequelize,
} from "sequelize"

export type ContextMode = "conversation" | "single"

/** A conversation. `headId` is the tip of the branch that is shown and continued. */
export class ChatroomModel extends Model<
  InferAttributes<ChatroomModel>,
  InferCreationAttributes<ChatroomModel>
> {
  declare id: string
  declare userId: string
  declare name: string
  declare model: CreationOptional<string | null>
  declare systemInstruction: CreationOptional<string | null>
  declare context: CreationOptional<ContextMode>
  declare headId: CreationOptional<string | null>
  /** The one reply of the room that may be made now; the other unfinished ones wait for it. */
  declare activeReplyId: CreationOptional<string | null>
  declare lastPosition: CreationOptional<number>
  /** How many replies of the room an operator has queued once more. */
  declare retries: CreationOptional<number>
  declare lastMessageAt: CreationOptional<Date | null>
  /** What lists are ordered by: the last message or, before the first, the creation. */
  declare activityAt: CreationOptional<Date>
  declare createdAt: CreationOptional<Date>
  declare updatedAt: CreationOptional<Date>
  declare countMessages: HasManyCountAssociationsMixin
}

export function defineChatroom(sequelize: Sequelize) {
  class Chatroom extends ChatroomModel {}
  return Chatroom.init(
    {
      id: { type: DataTypes.UUID, primaryKey: true },
      userId: DataTypes.UUID,
      name: DataTypes.TEXT,
      model: DataTypes.TEXT,
      systemInstruction: DataTypes.TEXT,
      context: { type: DataTypes.TEXT, defaultValue: "conversation" },
      headId: DataTypes.UUID,
      activeReplyId: DataTypes.UUID,
      lastPosition: { type: DataTypes.INTEGER, defaultValue: 0 },
      retries: { type: DataTypes.INTEGER, defaultValue: 0 },
      lastMessageAt: DataTypes.DATE,
      activityAt: DataTypes.DATE,
      createdAt: DataTypes.DATE,
      updatedAt: DataTypes.DATE,
    },
    { sequelize, tableName: "chatrooms", underscored: true, timestamps: false },
  )
}
