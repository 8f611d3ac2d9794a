import type { Queue } from "bullmq"
import type Stripe from "stripe"
import type { Database } from "../config/database.ts"
import type { CompleteConfig } from "../config/env.ts"
import type { Logger } from "../config/logger.ts"
import type { RedisStore } from "../config/redis.ts"
import type { Timing } from "../config/timing.ts"
import type { Models } from "../models/index.ts"
import type { ByteSemaphore } from "../utils/byte-semaphore.ts"
import type { KeyedSemaphore } from "../utils/keyed-semaphore.ts"
import type { ObjectStore } from "./attachments/object-store.ts"
import type { CodeBatches } from "./auth/code-batches.ts"
import type { OtpSender } from "./auth/otp-sender.ts"
import type { Passwords } from "./auth/passwords.ts"
import type { Revocations } from "./auth/revocations.ts"
import type { Tokens } from "./auth/tokens.ts"
import type { BillingQueue } from "./billing/billing-queue.ts"
import type { RecentLists } from "./chat/chatroom-cache.ts"
import type { ListVersions } from "./chat/list-versions.ts"
import type { Background } from "./platform/background.ts"
import type { Bus } from "./platform/bus.ts"
import type { Cache } from "./platform/cache.ts"
import type { DatabaseClock } from "./platform/database-clock.ts"
import type { Events } from "./platform/events.ts"
import type { Metrics } from "./platform/metrics.ts"
import type { QueueStore } from "./platform/queue-store.ts"
import type { RateLimits } from "./platform/rate-limits.ts"
import type { StreamLimit } from "./platform/stream-limit.ts"
import type { StreamTicks } from "./platform/stream-ticks.ts"
import type { Tracing } from "./platform/tracing.ts"
import type { UnsentBodies } from "./platform/unsent-bodies.ts"
import type { PromptBatches } from "./replies/accept/prompt-batches.ts"
import type { ReplyQueue } from "./replies/accept/reply-queue.ts"
import type { WaitEstimator } from "./replies/accept/wait-estimate.ts"
import type { CircuitBreaker } from "./replies/provider/circuit-breaker.ts"
import type { ProviderFiles } from "./replies/provider/files.ts"
import type { Gemini } from "./replies/provider/gemini.ts"
import type { LiveReplies } from "./replies/stream/live-replies.ts"
import type { ReplyLog } from "./replies/stream/reply-log.ts"
import type { RowWatch } from "./replies/stream/row-watch.ts"
import type { Cancellations } from "./replies/worker/cancellations.ts"
import type { LeaseRenewer } from "./replies/worker/lease-renewer.ts"
import type { Stemmer } from "./search/stemmer.ts"
import type { ShareViews } from "./sharing/share-views.ts"

/** Holds the parts of a running process that have a lifetime. `createContext` builds it; services take it first. */
export interface Context {
  config: CompleteConfig
  timing: Timing
  log: Logger
  events: Events
  metrics: Metrics
  tracing: Tracing
  db: Database
  /** Loads Sequelize at the first call: 15 MB that a process without operators and account pages never needs. */
  models(): Promise<Models>
  /** null in embedded mode, where the parts below run in process. */
  redis: RedisStore | null
  cache: Cache
  listVersions: ListVersions
  recentLists: RecentLists
  rateLimits: RateLimits
  streamLimit: StreamLimit
  streamTicks: StreamTicks
  unsentBodies: UnsentBodies
  /** Reads of long texts, by user: others' requests take turns with them. */
  heavyReads: KeyedSemaphore
  /** Uploads under way, by user. */
  uploads: KeyedSemaphore
  /** Bytes of files that requests to the model hold. */
  inlineFiles: ByteSemaphore
  /** null: the bytes of files are in the database. */
  objects: ObjectStore | null
  providerFiles: ProviderFiles
  bus: Bus
  promptBatches: PromptBatches
  queueStore: QueueStore
  queue: ReplyQueue
  billingQueue: BillingQueue
  /** Opens BullMQ's own objects, for operators to inspect, on first use. */
  inspectQueues(): Queue[]
  /** Made, and its SDK loaded, when it is first used. */
  readonly stripe: Stripe
  waitEstimator: WaitEstimator
  replyLog: ReplyLog
  rowWatch: RowWatch
  liveReplies: LiveReplies
  cancellations: Cancellations
  leases: LeaseRenewer
  gemini: Gemini
  circuitBreaker: CircuitBreaker
  tokens: Tokens
  /** What tokens are judged by. */
  clock: DatabaseClock
  passwords: Passwords
  revocations: Revocations
  codeBatches: CodeBatches
  otpSender: OtpSender
  shareViews: ShareViews
  stemmer: Stemmer
  /** Work that a request starts without waiting for it. */
  background: Background
  /** Aborts when the process begins to stop. Streams then end, so that clients reconnect to another process. */
  stopping: AbortSignal
}
