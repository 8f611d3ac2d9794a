import type { CreationOptional, InferAttributes, InferCreationAttributes, Model } from "sequelize"
import type { ThinkingLevel } from "./chatroom.ts"
import { type Columns, namesExcept } from "./columns.ts"

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
export interface MessageModel
  extends Model<InferAttributes<MessageModel>, InferCreationAttributes<MessageModel>> {
  userId: string
  id: string
  chatroomId: string
  parentId: string | null
  position: number
  role: Role
  content: string
  attachments: CreationOptional<unknown[]>
  status: ReplyStatus
  errorCode: CreationOptional<string | null>
  /** The message for the user, where it isn't the code's own. */
  errorMessage: CreationOptional<string | null>
  model: CreationOptional<string | null>
  finishReason: CreationOptional<string | null>
  promptTokens: CreationOptional<number | null>
  outputTokens: CreationOptional<number | null>
  thoughtTokens: CreationOptional<number | null>
  totalTokens: CreationOptional<number | null>
  cachedTokens: CreationOptional<number | null>
  citations: CreationOptional<unknown[]>
  attempt: CreationOptional<number>
  failures: CreationOptional<number>
  takeovers: CreationOptional<number>
  /** The number, in its room, of the last time that an operator queued it once more; 0 for never. */
  retry: CreationOptional<number>
  retriedAt: CreationOptional<Date | null>
  coolingDownSince: CreationOptional<Date | null>
  cancelRequestedAt: CreationOptional<Date | null>
  leaseUntil: CreationOptional<Date | null>
  /** Until when a running attempt is trusted, once its lease has been renewed. */
  renewedUntil: CreationOptional<Date | null>
  notBefore: CreationOptional<Date | null>
  /** The day whose quota paid for the reply; null once given back, and for what was never charged. */
  chargedOn: CreationOptional<string | null>
  requestId: CreationOptional<string | null>
  /** The trace that the reply belongs to, as W3C writes it. */
  traceparent: CreationOptional<string | null>
  createdAt: CreationOptional<Date>
  completedAt: CreationOptional<Date | null>
  /** The level that a reply is to be made with; null: the model's own. */
  thinking: CreationOptional<ThinkingLevel | null>
  /** Summaries of what the model thought. */
  thoughts: CreationOptional<string>
  /** What the model searched the web for. */
  searchQueries: CreationOptional<string[]>
  /** Tokens that the provider's tools read. */
  toolTokens: CreationOptional<number | null>
  /** What the reply cost when it was made, as a decimal number. */
  costAmount: CreationOptional<string | null>
  costCurrency: CreationOptional<string | null>
  /** The days whose quota pays for the use of a tool; null where none does. */
  webSearchOn: CreationOptional<string | null>
  urlContextOn: CreationOptional<string | null>
  /** Codes of what the reply was made without. */
  notices: CreationOptional<string[]>
  /** The price table that it was computed by. */
  priceVersion: CreationOptional<string | null>
  /** Calls of models without a price: with one of them the cost is unknown. */
  unpricedCalls: CreationOptional<number>
  feedback: CreationOptional<Feedback | null>
  /** The number, in its room, of the last change to the message after it was announced; 0 for none. */
  revision: CreationOptional<number>
  /** The text that the reply goes on from: each of its attempts begins with it. */
  prefix: CreationOptional<string>
  /** Whether it was copied into its room: its tokens, cost and failure count where it was made. */
  isCopy: CreationOptional<boolean>
  /** The first message of the window that the reply's request began with; null: the beginning of the branch. */
  contextStart: CreationOptional<string | null>
}

/** The columns, in the order of the table. */
export const messageColumns = {
  userId: { type: "uuid", primaryKey: true },
  id: { type: "uuid", primaryKey: true },
  chatroomId: "uuid",
  parentId: "uuid",
  position: "integer",
  role: "text",
  content: "text",
  attachments: "jsonb",
  status: "text",
  errorCode: "text",
  errorMessage: "text",
  model: "text",
  finishReason: "text",
  promptTokens: "integer",
  outputTokens: "integer",
  thoughtTokens: "integer",
  totalTokens: "integer",
  cachedTokens: "integer",
  citations: "jsonb",
  attempt: { type: "integer", defaultValue: 0 },
  failures: { type: "smallint", defaultValue: 0 },
  takeovers: { type: "smallint", defaultValue: 0 },
  retry: { type: "integer", defaultValue: 0 },
  retriedAt: "timestamptz",
  coolingDownSince: "timestamptz",
  cancelRequestedAt: "timestamptz",
  leaseUntil: "timestamptz",
  notBefore: "timestamptz",
  chargedOn: "date",
  requestId: "text",
  traceparent: "text",
  createdAt: "timestamptz",
  completedAt: "timestamptz",
  thinking: "text",
  thoughts: "text",
  searchQueries: "jsonb",
  toolTokens: "integer",
  costAmount: "numeric",
  costCurrency: "text",
  priceVersion: "text",
  unpricedCalls: { type: "integer", defaultValue: 0 },
  feedback: "jsonb",
  revision: { type: "integer", defaultValue: 0 },
  prefix: "text",
  isCopy: "boolean",
  contextStart: "uuid",
  webSearchOn: "date",
  urlContextOn: "date",
  notices: "jsonb",
  renewedUntil: "timestamptz",
} satisfies Columns<MessageModel>

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
