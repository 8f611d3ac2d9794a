import type { CreationOptional, InferAttributes, InferCreationAttributes, Model } from "sequelize"
import { type Columns, namesExcept } from "./columns.ts"

export type ContextMode = "conversation" | "single"
export type NameSource = "default" | "model" | "user"
export type ThinkingLevel = "low" | "medium" | "high"

/** The provider's own tools that a room may use. */
export const TOOLS = ["webSearch", "urlContext"] as const
export type Tool = (typeof TOOLS)[number]

/** A conversation. `headId` is the tip of the branch that is shown and continued. */
export interface ChatroomModel
  extends Model<InferAttributes<ChatroomModel>, InferCreationAttributes<ChatroomModel>> {
  id: string
  userId: string
  name: string
  /** Who gave the name; the default one is replaced by the model's. */
  nameBy: CreationOptional<NameSource>
  model: CreationOptional<string | null>
  systemInstruction: CreationOptional<string | null>
  context: CreationOptional<ContextMode>
  /** null: the model's own level. */
  thinking: CreationOptional<ThinkingLevel | null>
  webSearch: CreationOptional<boolean>
  urlContext: CreationOptional<boolean>
  pinned: CreationOptional<boolean>
  archivedAt: CreationOptional<Date | null>
  /** Out of search, and erased some time after its last message. */
  temporary: CreationOptional<boolean>
  /** When it was made temporary; null for a room that was created so. */
  temporarySince: CreationOptional<Date | null>
  headId: CreationOptional<string | null>
  /** The one reply of the room that may be made now; the other unfinished ones wait for it. */
  activeReplyId: CreationOptional<string | null>
  lastPosition: CreationOptional<number>
  /** How many replies of the room an operator has queued once more. */
  retries: CreationOptional<number>
  /** How many changes there were to messages that listeners knew already, deletions included. */
  revisions: CreationOptional<number>
  lastMessageAt: CreationOptional<Date | null>
  /** What lists are ordered by: the last message or, before the first, the creation. */
  activityAt: CreationOptional<Date>
  createdAt: CreationOptional<Date>
  updatedAt: CreationOptional<Date>
}

/** The columns, in the order of the table. */
export const chatroomColumns = {
  id: { type: "uuid", primaryKey: true },
  userId: { type: "uuid", primaryKey: true },
  name: "text",
  model: "text",
  systemInstruction: "text",
  context: { type: "text", defaultValue: "conversation" },
  headId: "uuid",
  activeReplyId: "uuid",
  lastPosition: { type: "integer", defaultValue: 0 },
  retries: { type: "integer", defaultValue: 0 },
  lastMessageAt: "timestamptz",
  activityAt: "timestamptz",
  createdAt: "timestamptz",
  updatedAt: "timestamptz",
  nameBy: "text",
  thinking: "text",
  webSearch: "boolean",
  urlContext: "boolean",
  pinned: "boolean",
  archivedAt: "timestamptz",
  temporary: "boolean",
  temporarySince: "timestamptz",
  revisions: { type: "integer", defaultValue: 0 },
} satisfies Columns<ChatroomModel>

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
