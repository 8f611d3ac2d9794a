import {
  type CreationOptional,
  DataTypes,
  type InferAttributes,
  type InferCreationAttributes,
  Model,
  type ModelAttributes,
  type Sequelize,
} from "sequelize"
import type { ThinkingLevel } from "./chatroom.ts"
import { namesExcept } from "./columns.ts"

export type Role = "user" | "model"
/** What the user thinks of a reply. */
export interface Feedback {
  rating: "up" | "down"
  reason: string | null
}

export type ReplyStatus = "queued" | "running" | "completed" | "failed" | "cancelled"

/**
 * A node in a room's tree of messages: a prompt or a reply. An unfinished reply is also its own outbox entry:
 * `attempt` is the fence that every write of a worker names, `leaseUntil` says until when its holder (a worker,
 * or the queue while it waits) is trusted, `failures` counts what went wrong at the provider, `takeovers` how often
 * a worker took it from another that was silent.
 */
export class MessageModel extends Model<
  InferAttributes<MessageModel>,
  InferCreationAttributes<MessageModel>
> {
  declare userId: string
  declare id: string
  declare chatroomId: string
  declare parentId: string | null
  declare position: number
  declare role: Role
  declare content: string
  declare attachments: CreationOptional<unknown[]>
  declare status: ReplyStatus
  declare errorCode: CreationOptional<string | null>
  /** The message for the user, where it isn't the code's own. */
  declare errorMessage: CreationOptional<string | null>
  declare model: CreationOptional<string | null>
  declare finishReason: CreationOptional<string | null>
  declare promptTokens: CreationOptional<number | null>
  declare outputTokens: CreationOptional<number | null>
  declare thoughtTokens: CreationOptional<number | null>
  declare totalTokens: CreationOptional<number | null>
  declare cachedTokens: CreationOptional<number | null>
  declare citations: CreationOptional<unknown[]>
  declare attempt: CreationOptional<number>
  declare failures: CreationOptional<number>
  declare takeovers: CreationOptional<number>
  /** The number, in its room, of the last time that an operator queued it once more; 0 for never. */
  declare retry: CreationOptional<number>
  declare retriedAt: CreationOptional<Date | null>
  declare coolingDownSince: CreationOptional<Date | null>
  declare cancelRequestedAt: CreationOptional<Date | null>
  declare leaseUntil: CreationOptional<Date | null>
  /** Until when a running attempt is trusted, once its lease has been renewed. */
  declare renewedUntil: CreationOptional<Date | null>
  declare notBefore: CreationOptional<Date | null>
  /** The day whose quota paid for the reply; null once given back, and for what was never charged. */
  declare chargedOn: CreationOptional<string | null>
  declare requestId: CreationOptional<string | null>
  /** The trace that the reply belongs to, as W3C writes it. */
  declare traceparent: CreationOptional<string | null>
  declare createdAt: CreationOptional<Date>
  declare completedAt: CreationOptional<Date | null>
  /** The level that a reply is to be made with; null: the model's own. */
  declare thinking: CreationOptional<ThinkingLevel | null>
  /** Summaries of what the model thought. */
  declare thoughts: CreationOptional<string>
  /** What the model searched the web for. */
  declare searchQueries: CreationOptional<string[]>
  /** Tokens that the provider's tools read. */
  declare toolTokens: CreationOptional<number | null>
  /** What the reply cost when it was made, as a decimal number. */
  declare costAmount: CreationOptional<string | null>
  declare costCurrency: CreationOptional<string | null>
  /** The days whose quota pays for the use of a tool; null where none does. */
  declare webSearchOn: CreationOptional<string | null>
  declare urlContextOn: CreationOptional<string | null>
  /** Codes of what the reply was made without. */
  declare notices: CreationOptional<string[]>
  /** The price table that it was computed by. */
  declare priceVersion: CreationOptional<string | null>
  /** Calls of models without a price: with one of them the cost is unknown. */
  declare unpricedCalls: CreationOptional<number>
  declare feedback: CreationOptional<Feedback | null>
  /** The number, in its room, of the last change to the message after it was announced; 0 for none. */
  declare revision: CreationOptional<number>
  /** The text that the reply goes on from: each of its attempts begins with it. */
  declare prefix: CreationOptional<string>
  /** Whether it was copied into its room: its tokens, cost and failure count where it was made. */
  declare isCopy: CreationOptional<boolean>
  /** The first message of the window that the reply's request began with; null: the beginning of the branch. */
  declare contextStart: CreationOptional<string | null>
}

/** The columns, in the order of the table. */
export const messageColumns = {
  userId: { type: DataTypes.UUID, primaryKey: true },
  id: { type: DataTypes.UUID, primaryKey: true },
  chatroomId: DataTypes.UUID,
  parentId: DataTypes.UUID,
  position: DataTypes.INTEGER,
  role: DataTypes.TEXT,
  content: DataTypes.TEXT,
  attachments: DataTypes.JSONB,
  status: DataTypes.TEXT,
  errorCode: DataTypes.TEXT,
  errorMessage: DataTypes.TEXT,
  model: DataTypes.TEXT,
  finishReason: DataTypes.TEXT,
  promptTokens: DataTypes.INTEGER,
  outputTokens: DataTypes.INTEGER,
  thoughtTokens: DataTypes.INTEGER,
  totalTokens: DataTypes.INTEGER,
  cachedTokens: DataTypes.INTEGER,
  citations: DataTypes.JSONB,
  attempt: { type: DataTypes.INTEGER, defaultValue: 0 },
  failures: { type: DataTypes.SMALLINT, defaultValue: 0 },
  takeovers: { type: DataTypes.SMALLINT, defaultValue: 0 },
  retry: { type: DataTypes.INTEGER, defaultValue: 0 },
  retriedAt: DataTypes.DATE,
  coolingDownSince: DataTypes.DATE,
  cancelRequestedAt: DataTypes.DATE,
  leaseUntil: DataTypes.DATE,
  notBefore: DataTypes.DATE,
  chargedOn: DataTypes.DATEONLY,
  requestId: DataTypes.TEXT,
  traceparent: DataTypes.TEXT,
  createdAt: DataTypes.DATE,
  completedAt: DataTypes.DATE,
  thinking: DataTypes.TEXT,
  thoughts: DataTypes.TEXT,
  searchQueries: DataTypes.JSONB,
  toolTokens: DataTypes.INTEGER,
  costAmount: DataTypes.DECIMAL,
  costCurrency: DataTypes.TEXT,
  priceVersion: DataTypes.TEXT,
  unpricedCalls: { type: DataTypes.INTEGER, defaultValue: 0 },
  feedback: DataTypes.JSONB,
  revision: { type: DataTypes.INTEGER, defaultValue: 0 },
  prefix: DataTypes.TEXT,
  isCopy: DataTypes.BOOLEAN,
  contextStart: DataTypes.UUID,
  webSearchOn: DataTypes.DATEONLY,
  urlContextOn: DataTypes.DATEONLY,
  notices: DataTypes.JSONB,
  renewedUntil: DataTypes.DATE,
} satisfies ModelAttributes<MessageModel>

const INTERNAL = [
  "userId",
  "failures",
  "takeovers",
  "retry",
  "retriedAt",
  "coolingDownSince",
  "cancelRequestedAt",
  "leaseUntil",
  "renewedUntil",
  "notBefore",
  "chargedOn",
  "requestId",
  "traceparent",
  "thinking",
  "priceVersion",
  "unpricedCalls",
  "revision",
  "prefix",
  "isCopy",
  "contextStart",
  "webSearchOn",
  "urlContextOn",
] as const

/** What clients may see of a message. */
export type MessageFields = Omit<InferAttributes<MessageModel>, (typeof INTERNAL)[number]>
export const MESSAGE_FIELDS = namesExcept<MessageModel, (typeof INTERNAL)[number]>(messageColumns, INTERNAL)

export function defineMessage(sequelize: Sequelize) {
  class Message extends MessageModel {}
  return Message.init(messageColumns, {
    sequelize,
    tableName: "messages",
    underscored: true,
    timestamps: false,
  })
}
