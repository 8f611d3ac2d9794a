import { createDatabase } from "../config/database.ts"
import type { CompleteConfig } from "../config/env.ts"
import type { Logger } from "../config/logger.ts"
import { checkRedis, createRedisStore } from "../config/redis.ts"
import { TIMING, type Timing } from "../config/timing.ts"
import { defineModels } from "../models/index.ts"
import { createOtpSender } from "../services/auth/otp-sender.ts"
import { createRevocations } from "../services/auth/revocations.ts"
import { createTokens } from "../services/auth/tokens.ts"
import { BILLING_QUEUE, createBillingQueue } from "../services/billing/billing-queue.ts"
import { createStripe } from "../services/billing/stripe.ts"
import type { Context } from "../services/context.ts"
import { createBackground } from "../services/platform/background.ts"
import { createMemoryBus, createRedisBus } from "../services/platform/bus.ts"
import { createMemoryCache, createRedisCache, retryInvalidations } from "../services/platform/cache.ts"
import { createEvents } from "../services/platform/events.ts"
import { createInspector } from "../services/platform/job-queue.ts"
import { createMetrics } from "../services/platform/metrics.ts"
import { createRateLimits } from "../services/platform/rate-limits.ts"
import { createStreamLimit } from "../services/platform/stream-limit.ts"
import { createTracing } from "../services/platform/tracing.ts"
import { createPromptBatches } from "../services/replies/accept/prompt-batches.ts"
import { createReplyQueue, QUEUE_NAME } from "../services/replies/accept/reply-queue.ts"
import { createWaitEstimator } from "../services/replies/accept/wait-estimate.ts"
import { createCircuitBreaker } from "../services/replies/provider/circuit-breaker.ts"
import { createGemini } from "../services/replies/provider/gemini.ts"
import { createMemoryReplyLog, createRedisReplyLog } from "../services/replies/stream/reply-log.ts"
import { createCancellations } from "../services/replies/worker/cancellations.ts"
import { createLeaseRenewer } from "../services/replies/worker/lease-renewer.ts"

/** A context and what ends it. */
export interface OwnedContext {
  ctx: Context
  /** Makes streams end; called before the server stops accepting. */
  beginToStop(): void
  close(): Promise<void>
}

/**
 * The composition root: builds everything that has a lifetime, from a configuration of which nothing is missing.
 * Whether something is embedded is decided here and nowhere else. The schema must be up to date.
 */
export async function createContext(
  config: CompleteConfig,
  log: Logger,
  timing: Timing = TIMING,
): Promise<OwnedContext> {
  await using building = new AsyncDisposableStack()
  const tracing = await createTracing(config.tracing, timing, log)
  building.defer(() => tracing.close())
  const db = createDatabase(config.database, timing.postgres, log)
  building.defer(() => db.close())
  const redis = config.redis.url ? createRedisStore(config.redis.url, log, timing.redis) : null
  if (redis) {
    building.defer(() => redis.close())
    // Without Redis everything goes on, so a start doesn't wait for it for ever.
    if (!(await checkRedis(redis, timing.redis.readyTimeoutMs)))
      log.warn("redis doesn't answer; starting without it")
  }
  const cache = retryInvalidations(
    redis ? createRedisCache(redis, timing.cache) : createMemoryCache(timing.cache),
    timing.cache,
  )
  building.defer(() => cache.close())
  const store = { redisUrl: config.redis.url, databaseUrl: config.database.url }
  const queue = await createReplyQueue(store, timing, log)
  building.defer(() => queue.close())
  const billingQueue = await createBillingQueue(store, timing, log)
  building.defer(() => billingQueue.close())
  const inspector = createInspector([QUEUE_NAME, BILLING_QUEUE], store, log)
  building.defer(() => inspector.close())
  const revocations = createRevocations(db.pool, timing, log)
  building.defer(() => revocations.close())
  await revocations.start()
  const leases = createLeaseRenewer(db.pool, timing.replies, log)
  building.defer(() => leases.close())
  const background = createBackground(log)
  building.defer(() => background.drain())
  const waitEstimator = createWaitEstimator(db, timing, log)
  building.defer(() => waitEstimator.close())
  waitEstimator.start()
  const bus = redis ? createRedisBus(redis, log) : createMemoryBus()
  const metrics = createMetrics()
  const stopping = new AbortController()
  const ctx: Context = {
    config,
    timing,
    log,
    events: createEvents(log, metrics),
    metrics,
    tracing,
    db,
    models: defineModels(db.sequelize),
    redis,
    cache,
    rateLimits: createRateLimits(redis, config.rateLimitScale, log),
    streamLimit: createStreamLimit(config.http.streamsPerUser, timing.sse.limitRetryMs),
    bus,
    promptBatches: createPromptBatches(db.pool, { config, timing }),
    queue,
    billingQueue,
    inspectQueues: () => inspector.queues(),
    stripe: createStripe({ ...config.stripe, timeoutMs: timing.billing.stripeTimeoutMs }, tracing),
    waitEstimator,
    replyLog: redis
      ? createRedisReplyLog(redis, bus, timing.replies, log)
      : createMemoryReplyLog(bus, timing.replies),
    cancellations: createCancellations(bus),
    leases,
    circuitBreaker: createCircuitBreaker(timing.gemini),
    gemini: createGemini(config.gemini),
    tokens: createTokens(config.jwt, timing.auth),
    revocations,
    otpSender: createOtpSender(config, timing.otp, log),
    background,
    stopping: stopping.signal,
  }
  const built = building.move()
  return { ctx, beginToStop: () => stopping.abort(), close: () => built.disposeAsync() }
}
