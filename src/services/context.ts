import type { Queue } from "bullmq"
import type Stripe from "stripe"
import type { Database } from "../config/database.ts"
import type { CompleteConfig } from "../config/env.ts"
import type { Logger } from "../config/logger.ts"
import type { RedisStore } from "../config/redis.ts"
import type { Models } from "../models/index.ts"
import type { OtpSender } from "./auth/otp-sender.ts"
import type { Revocations } from "./auth/revocations.ts"
import type { Tokens } from "./auth/tokens.ts"
import type { BillingQueue } from "./billing/queue.ts"
import type { PromptBatches } from "./chat/prompt-batches.ts"
import type { Breaker } from "./generation/breaker.ts"
import type { Cancellations } from "./generation/cancellations.ts"
import type { ClaimKeeper } from "./generation/claim-keeper.ts"
import type { Gemini } from "./generation/gemini.ts"
import type { Outlook } from "./generation/outlook.ts"
import type { GenerationQueue } from "./generation/queue.ts"
import type { ReplyLog } from "./generation/reply-log.ts"
import type { Background } from "./platform/background.ts"
import type { Bus } from "./platform/bus.ts"
import type { Cache } from "./platform/cache.ts"
import type { Events } from "./platform/events.ts"
import type { Metrics } from "./platform/metrics.ts"
import type { RateLimits } from "./platform/rate-limits.ts"
import type { Streams } from "./platform/streams.ts"
import type { Tracing } from "./platform/tracing.ts"

/** The parts of a running process that have a lifetime. Built once, by `createContext`; services take it first. */
export interface Context {
  config: CompleteConfig
  log: Logger
  events: Events
  metrics: Metrics
  tracing: Tracing
  db: Database
  models: Models
  /** null: embedded mode, where the parts below are in process. */
  redis: RedisStore | null
  cache: Cache
  rateLimits: RateLimits
  streams: Streams
  bus: Bus
  promptBatches: PromptBatches
  queue: GenerationQueue
  billingQueue: BillingQueue
  /** BullMQ's own objects, for a person to look into; opened when they are asked for. */
  inspectQueues(): Queue[]
  stripe: Stripe
  outlook: Outlook
  replyLog: ReplyLog
  cancellations: Cancellations
  claims: ClaimKeeper
  gemini: Gemini
  breaker: Breaker
  tokens: Tokens
  revocations: Revocations
  otpSender: OtpSender
  /** Work that a request has started and doesn't wait for. */
  background: Background
  /** Aborts when the process begins to stop: streams end, so that their listeners go elsewhere. */
  stopping: AbortSignal
}
