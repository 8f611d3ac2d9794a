import { createDatabase } from "./config/database.ts"
import type { CompleteConfig } from "./config/env.ts"
import type { Logger } from "./config/logger.ts"
import { checkRedis, createRedisStore } from "./config/redis.ts"
import { defineModels } from "./models/index.ts"
import { createOtpSender } from "./services/auth/otp-sender.ts"
import { createRevocations } from "./services/auth/revocations.ts"
import { createTokens } from "./services/auth/tokens.ts"
import { BILLING_QUEUE, createBillingQueue } from "./services/billing/queue.ts"
import { createStripe } from "./services/billing/stripe.ts"
import { createPromptBatches } from "./services/chat/prompt-batches.ts"
import type { Context } from "./services/context.ts"
import { createBreaker } from "./services/generation/breaker.ts"
import { createCancellations } from "./services/generation/cancellations.ts"
import { createClaimKeeper } from "./services/generation/claim-keeper.ts"
import { createGemini } from "./services/generation/gemini.ts"
import { createOutlook } from "./services/generation/outlook.ts"
import { createGenerationQueue, QUEUE_NAME } from "./services/generation/queue.ts"
import { createMemoryReplyLog, createRedisReplyLog } from "./services/generation/reply-log.ts"
import { createBackground } from "./services/platform/background.ts"
import { createMemoryBus, createRedisBus } from "./services/platform/bus.ts"
import { createMemoryCache, createRedisCache, rememberForgets } from "./services/platform/cache.ts"
import { createEvents } from "./services/platform/events.ts"
import { createInspector } from "./services/platform/job-queue.ts"
import { createMetrics } from "./services/platform/metrics.ts"
import { createRateLimits } from "./services/platform/rate-limits.ts"
import { createStreams } from "./services/platform/streams.ts"
import { createTracing } from "./services/platform/tracing.ts"
import { SECOND } from "./utils/time.ts"

const REDIS_PATIENCE_MS = 5 * SECOND

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
export async function createContext(config: CompleteConfig, log: Logger): Promise<OwnedContext> {
  await using building = new AsyncDisposableStack()
  const tracing = await createTracing(config.tracing, log)
  building.defer(() => tracing.close())
  const db = createDatabase(config.database.url, config.database.poolSize, log)
  building.defer(() => db.close())
  const redis = config.redis.url ? createRedisStore(config.redis.url, log) : null
  if (redis) {
    building.defer(() => redis.close())
    // Without Redis everything goes on, so a start doesn't wait for it for ever.
    if (!(await checkRedis(redis, REDIS_PATIENCE_MS))) log.warn("redis doesn't answer; starting without it")
  }
  const cache = rememberForgets(redis ? createRedisCache(redis) : createMemoryCache())
  building.defer(() => cache.close())
  const store = { redisUrl: config.redis.url, databaseUrl: config.database.url }
  const queue = await createGenerationQueue(store, log)
  building.defer(() => queue.close())
  const billingQueue = await createBillingQueue(store, log)
  building.defer(() => billingQueue.close())
  const inspector = createInspector([QUEUE_NAME, BILLING_QUEUE], store, log)
  building.defer(() => inspector.close())
  const revocations = createRevocations(db.pool, log)
  building.defer(() => revocations.close())
  await revocations.start()
  const claims = createClaimKeeper(db.pool, log)
  building.defer(() => claims.close())
  const background = createBackground(log)
  building.defer(() => background.drain())
  const outlook = createOutlook(db, log)
  building.defer(() => outlook.close())
  outlook.start()
  const bus = redis ? createRedisBus(redis, log) : createMemoryBus()
  const metrics = createMetrics()
  const stopping = new AbortController()
  const ctx: Context = {
    config,
    log,
    events: createEvents(log, metrics),
    metrics,
    tracing,
    db,
    models: defineModels(db.sequelize),
    redis,
    cache,
    rateLimits: createRateLimits(redis, config.rateLimitScale, log),
    streams: createStreams(config.http.streamsPerUser),
    bus,
    promptBatches: createPromptBatches(db.pool, config),
    queue,
    billingQueue,
    inspectQueues: () => inspector.queues(),
    stripe: createStripe(config.stripe, tracing),
    outlook,
    replyLog: redis ? createRedisReplyLog(redis, bus, log) : createMemoryReplyLog(bus),
    cancellations: createCancellations(bus),
    claims,
    breaker: createBreaker(),
    gemini: createGemini(config.gemini),
    tokens: createTokens(config.jwt),
    revocations,
    otpSender: createOtpSender(config, log),
    background,
    stopping: stopping.signal,
  }
  const built = building.move()
  return { ctx, beginToStop: () => stopping.abort(), close: () => built.disposeAsync() }
}
