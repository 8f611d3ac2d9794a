import {
  type CreationOptional,
  DataTypes,
  type InferAttributes,
  type InferCreationAttributes,
  Model,
  type ModelAttributes,
  type Sequelize,
} from "sequelize"
import { namesExcept } from "./columns.ts"

export type ContextMode = "conversation" | "single"
export type NameSource = "default" | "model" | "user"
export type ThinkingLevel = "low" | "medium" | "high"

/** The provider's own tools that a room may use. */
export const TOOLS = ["webSearch", "urlContext"] as const
export type Tool = (typeof TOOLS)[number]

/** A conversation. `headId` is the tip of the branch that is shown and continued. */
export class ChatroomModel extends Model<
  InferAttributes<ChatroomModel>,
  InferCreationAttributes<ChatroomModel>
> {
  declare id: string
  declare userId: string
  declare name: string
  /** Who gave the name; the default one is replaced by the model's. */
  declare nameBy: CreationOptional<NameSource>
  declare model: CreationOptional<string | null>
  declare systemInstruction: CreationOptional<string | null>
  declare context: CreationOptional<ContextMode>
  /** null: the model's own level. */
  declare thinking: CreationOptional<ThinkingLevel | null>
  declare webSearch: CreationOptional<boolean>
  declare urlContext: CreationOptional<boolean>
  declare pinned: CreationOptional<boolean>
  declare archivedAt: CreationOptional<Date | null>
  /** Out of search, and erased some time after its last message. */
  declare temporary: CreationOptional<boolean>
  /** When it was made temporary; null for a room that was created so. */
  declare temporarySince: CreationOptional<Date | null>
  declare headId: CreationOptional<string | null>
  /** The one reply of the room that may be made now; the other unfinished ones wait for it. */
  declare activeReplyId: CreationOptional<string | null>
  declare lastPosition: CreationOptional<number>
  /** How many replies of the room an operator has queued once more. */
  declare retries: CreationOptional<number>
  /** How many changes there were to messages that listeners knew already, deletions included. */
  declare revisions: CreationOptional<number>
  declare lastMessageAt: CreationOptional<Date | null>
  /** What lists are ordered by: the last message or, before the first, the creation. */
  declare activityAt: CreationOptional<Date>
  declare createdAt: CreationOptional<Date>
  declare updatedAt: CreationOptional<Date>
}

/** The columns, in the order of the table. */
export const chatroomColumns = {
  id: { type: DataTypes.UUID, primaryKey: true },
  userId: { type: DataTypes.UUID, primaryKey: true },
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
  nameBy: DataTypes.TEXT,
  thinking: DataTypes.TEXT,
  webSearch: DataTypes.BOOLEAN,
  urlContext: DataTypes.BOOLEAN,
  pinned: DataTypes.BOOLEAN,
  archivedAt: DataTypes.DATE,
  temporary: DataTypes.BOOLEAN,
  temporarySince: DataTypes.DATE,
  revisions: { type: DataTypes.INTEGER, defaultValue: 0 },
} satisfies ModelAttributes<ChatroomModel>

/** What a room's owner chooses, and who named it. */
export const CHATROOM_SETTINGS = [
  "name",
  "nameBy",
  "model",
  "systemInstruction",
  "context",
  "thinking",
  "webSearch",
  "urlContext",
  "pinned",
  "archivedAt",
  "temporary",
] as const
export type ChatroomSettings = Pick<InferAttributes<ChatroomModel>, (typeof CHATROOM_SETTINGS)[number]>

const INTERNAL = [
  "userId",
  "activeReplyId",
  "lastPosition",
  "retries",
  "temporarySince",
  "revisions",
] as const

/** A room as the services return it. */
export type ChatroomRecord = Omit<InferAttributes<ChatroomModel>, (typeof INTERNAL)[number]>
export const CHATROOM_FIELDS = namesExcept<ChatroomModel, (typeof INTERNAL)[number]>(
  chatroomColumns,
  INTERNAL,
)

export function defineChatroom(sequelize: Sequelize) {
  class Chatroom extends ChatroomModel {}
  return Chatroom.init(chatroomColumns, {
    sequelize,
    tableName: "chatrooms",
    underscored: true,
    timestamps: false,
  })
}
