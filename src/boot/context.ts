import { createDatabase } from "../config/database.ts"
import type { CompleteConfig } from "../config/env.ts"
import { HEAVY_READS, UPLOADS } from "../config/limits.ts"
import type { Logger } from "../config/logger.ts"
import { checkRedis, createRedisStore } from "../config/redis.ts"
import { TIMING, type Timing } from "../config/timing.ts"
import { createObjectStore } from "../services/attachments/object-store.ts"
import { createCodeBatches } from "../services/auth/code-batches.ts"
import { createOtpSender } from "../services/auth/otp-sender.ts"
import { createPasswords } from "../services/auth/passwords.ts"
import { createRevocations } from "../services/auth/revocations.ts"
import { createTokens } from "../services/auth/tokens.ts"
import { BILLING_QUEUE, createBillingQueue } from "../services/billing/billing-queue.ts"
import { createStripe } from "../services/billing/stripe.ts"
import { createRecentLists } from "../services/chat/chatroom-cache.ts"
import { createListVersions } from "../services/chat/list-versions.ts"
import type { Context } from "../services/context.ts"
import { createBackground } from "../services/platform/background.ts"
import { createMemoryBus, createRedisBus } from "../services/platform/bus.ts"
import { createMemoryCache, createRedisCache } from "../services/platform/cache.ts"
import { createDatabaseClock } from "../services/platform/database-clock.ts"
import { createEvents } from "../services/platform/events.ts"
import { createMetrics } from "../services/platform/metrics.ts"
import { createQueueInspector } from "../services/platform/queue-inspector.ts"
import { openQueueStore } from "../services/platform/queue-store.ts"
import { createRateLimits } from "../services/platform/rate-limits.ts"
import { createStreamLimit } from "../services/platform/stream-limit.ts"
import { createStreamTicks } from "../services/platform/stream-ticks.ts"
import { createTracing } from "../services/platform/tracing.ts"
import { createUnsentBodies } from "../services/platform/unsent-bodies.ts"
import { createPromptBatches } from "../services/replies/accept/prompt-batches.ts"
import { createReplyQueue, QUEUE_NAME } from "../services/replies/accept/reply-queue.ts"
import { createWaitEstimator } from "../services/replies/accept/wait-estimate.ts"
import { createCircuitBreaker } from "../services/replies/provider/circuit-breaker.ts"
import { createProviderFiles } from "../services/replies/provider/files.ts"
import { createGemini } from "../services/replies/provider/gemini.ts"
import { createLiveReplies } from "../services/replies/stream/live-replies.ts"
import { createMemoryReplyLog, createRedisReplyLog } from "../services/replies/stream/reply-log.ts"
import { createRowWatch } from "../services/replies/stream/row-watch.ts"
import { createCancellations } from "../services/replies/worker/cancellations.ts"
import { createLeaseRenewer } from "../services/replies/worker/lease-renewer.ts"
import { createStemmer } from "../services/search/stemmer.ts"
import { createShareViews } from "../services/sharing/share-views.ts"
import { createByteSemaphore } from "../utils/byte-semaphore.ts"
import { createKeyedSemaphore } from "../utils/keyed-semaphore.ts"
import { loadOnce } from "../utils/load-once.ts"

/** A context and how to end it. */
export interface OwnedContext {
  ctx: Context
  /** Ends open streams and long waits; called before anything is closed. */
  beginShutdown(): void
  close(): Promise<void>
}

/**
 * The composition root: builds everything that has a lifetime. Only here is it decided whether Redis or an in-process
 * stand-in is used. The schema must be up to date.
 */
export async function createContext(
  config: CompleteConfig,
  log: Logger,
  timing: Timing = TIMING,
): Promise<OwnedContext> {
  await using building = new AsyncDisposableStack()
  const own: Own = (part) => building.adopt(part, async (owned) => void (await owned.close()))
  const tracing = own(await createTracing(config.tracing, timing, log))
  const stores = await openStores(own, { config, timing, log })
  const { db, redis, bus, replyLog } = stores
  const clock = createDatabaseClock(timing.auth.clockSkewMs, log)
  const revocations = own(createRevocations(db.pool, clock, timing, log))
  await revocations.start()
  const waitEstimator = own(createWaitEstimator(db, config.gemini, timing, log))
  waitEstimator.start()
  const rowWatch = own(createRowWatch(db, timing.replies, log))
  const metrics = createMetrics()
  const stopping = new AbortController()
  let stripe: Context["stripe"] | undefined
  const ctx: Context = {
    config,
    timing,
    log,
    events: createEvents(log, metrics),
    metrics,
    tracing,
    ...stores,
    rowWatch,
    liveReplies: createLiveReplies({ db, replyLog, rowWatch }),
    rateLimits: createRateLimits(redis, config.rateLimitScale, log),
    streamLimit: createStreamLimit(config.http.streamsPerUser),
    streamTicks: own(createStreamTicks(timing.sse.sessionCheckMs)),
    unsentBodies: createUnsentBodies(config.http.unsentBytes),
    heavyReads: createKeyedSemaphore(HEAVY_READS),
    uploads: createKeyedSemaphore(UPLOADS),
    inlineFiles: createByteSemaphore(config.attachments.inlineBytesPerProcess),
    objects: createObjectStore(config.attachments.url, timing.attachments.objectTimeoutMs),
    providerFiles: createProviderFiles({
      ...config.gemini,
      timeoutMs: timing.gemini.fileTimeoutMs,
      pollMs: timing.gemini.filePollMs,
    }),
    promptBatches: createPromptBatches(db.pool, { config, timing }),
    get stripe() {
      stripe ??= createStripe(config.stripe, timing.billing, tracing)
      return stripe
    },
    waitEstimator,
    cancellations: createCancellations(bus),
    leases: own(createLeaseRenewer(db.pool, timing.replies, log)),
    circuitBreaker: createCircuitBreaker(timing.gemini),
    gemini: createGemini(config.gemini),
    tokens: createTokens(config.jwt, timing.auth, clock.now),
    clock,
    passwords: createPasswords(config.password, timing.auth),
    revocations,
    codeBatches: createCodeBatches(db.pool, { config, timing }),
    otpSender: createOtpSender(config, timing.otp, log),
    stemmer: createStemmer(),
    shareViews: own(createShareViews(db.pool, timing.sharing, log)),
    background: building.adopt(createBackground(log), (background) => background.drain()),
    stopping: stopping.signal,
  }
  const built = building.move()
  return { ctx, beginShutdown: () => stopping.abort(), close: () => built.disposeAsync() }
}

/** Closes `part` with the context, in reverse order. @returns `part` */
type Own = <T extends { close(): unknown }>(part: T) => T

/** Opens the database, Redis if it is configured, and what is kept in either. */
async function openStores(own: Own, { config, timing, log }: Pick<Context, "config" | "timing" | "log">) {
  const db = own(createDatabase(config.database, timing.postgres, log))
  const redis = config.redis.url ? own(createRedisStore(config.redis.url, log, timing.redis)) : null
  // Everything works without Redis, so the start doesn't wait for it forever.
  if (redis && !(await checkRedis(redis, timing.redis.readyTimeoutMs)))
    log.warn("redis isn't responding; starting without it")
  const bus = redis ? createRedisBus(redis, log) : createMemoryBus()
  const queueStore = own(await openQueueStore(config, timing.postgres))
  return {
    db,
    models: loadOnce(async () => (await import("../models/index.ts")).openModels(db.pool)),
    redis,
    cache: redis ? createRedisCache(redis) : createMemoryCache(),
    listVersions: createListVersions(db, timing),
    recentLists: createRecentLists(config.cache),
    bus,
    replyLog: redis
      ? createRedisReplyLog(redis, bus, timing.replies, log)
      : createMemoryReplyLog(bus, timing.replies),
    queueStore,
    queue: own(await createReplyQueue(queueStore, timing, log)),
    billingQueue: own(await createBillingQueue(queueStore, timing, log)),
    inspectQueues: own(createQueueInspector([QUEUE_NAME, BILLING_QUEUE], queueStore, log)).queues,
  }
}
