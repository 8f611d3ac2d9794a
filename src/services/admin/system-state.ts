import type { CompleteConfig } from "../../config/env.ts"
import { toCamelCase } from "../../utils/camel-case.ts"
import { DAY, SECOND } from "../../utils/time.ts"
import { withTimeout } from "../../utils/with-timeout.ts"
import type { Context } from "../context.ts"
import { checkHealth, type Health } from "../platform/health.ts"
import { aliveSql } from "../platform/heartbeat.ts"
import { VERSION } from "../platform/version.ts"

interface WorkerState {
  id: string
  seenAt: Date
  concurrency: number
  meanMs: number | null
}

type Counts = Record<string, number>

export interface SystemState {
  version: string
  node: string
  /** Uptime of the process that responds. */
  uptimeSeconds: number
  health: Health
  /** Jobs by state; null when the queue's store doesn't respond. */
  queues: { replies: Counts | null; billing: Counts | null }
  workers: WorkerState[]
  migration: string | null
  config: ReturnType<typeof describeConfig>
}

/** Reads the state of the system and its configuration, without secrets. */
export async function readSystemState(ctx: Context): Promise<SystemState> {
  const counts = (of: Promise<Counts>) =>
    withTimeout(ctx.timing.platform.countTimeoutMs, of).catch(() => null)
  const [health, replies, billing, workers, migration] = await Promise.all([
    checkHealth(ctx),
    counts(ctx.queue.counts()),
    counts(ctx.billingQueue.counts()),
    ctx.db.pool.query(
      `SELECT id, seen_at, concurrency, mean_ms FROM workers WHERE ${aliveSql(ctx.timing)}
       ORDER BY seen_at DESC LIMIT 100`,
    ),
    ctx.db.pool.query<{ name: string }>("SELECT name FROM migrations ORDER BY name DESC LIMIT 1"),
  ])
  return {
    version: VERSION,
    node: process.version,
    uptimeSeconds: Math.round(process.uptime()),
    health,
    queues: { replies, billing },
    workers: workers.rows.map((row) => toCamelCase<WorkerState>(row)),
    migration: migration.rows[0]?.name ?? null,
    config: describeConfig(ctx.config),
  }
}

/**
 * Lists the settings by the names of the environment. Each is named here, so that a new one stays private until it is
 * added. Of secrets and addresses it says only whether they are set.
 */
function describeConfig(config: CompleteConfig) {
  const { gemini, otp, plans, http, worker } = config
  return {
    NODE_ENV: config.production ? "production" : "development",
    ROLE: config.role,
    APP_NAME: config.app.name,
    PRIVACY_URL: config.app.privacyUrl,
    IMPRINT_URL: config.app.imprintUrl,
    LOG_LEVEL: config.logLevel,
    REDIS_URL: isSet(config.redis.url),
    TRUST_PROXY: [http.trustProxy].flat().join(","),
    CORS_ORIGINS: http.corsOrigins,
    STREAMS_PER_USER: http.streamsPerUser,
    RATE_LIMIT_SCALE: config.rateLimitScale,
    DATABASE_POOL: config.database.poolSize,
    DATABASE_POOLER: config.database.pooler,
    GEMINI_MODEL: gemini.model,
    GEMINI_FALLBACK_MODELS: gemini.fallbackModels,
    GEMINI_MODELS: gemini.models.map(({ name, tier }) => (tier === "pro" ? `${name}:pro` : name)),
    GEMINI_RPM: gemini.requestsPerMinute,
    GEMINI_PRICES: gemini.prices.version,
    GEMINI_CONTEXT_TOKENS: gemini.contextTokens,
    GEMINI_TITLES: gemini.titles,
    GEMINI_SUMMARIES: gemini.summaries,
    BASIC_DAILY_PROMPTS: plans.basicDailyPrompts,
    PRO_DAILY_PROMPTS: plans.proDailyPrompts,
    BASIC_DAILY_WEB_SEARCHES: plans.basicDailyTools.webSearch,
    PRO_DAILY_WEB_SEARCHES: plans.proDailyTools.webSearch,
    BASIC_DAILY_URL_CONTEXTS: plans.basicDailyTools.urlContext,
    PRO_DAILY_URL_CONTEXTS: plans.proDailyTools.urlContext,
    RETENTION_DAYS: config.retentionMs === null ? null : config.retentionMs / DAY,
    OTP_DELIVERY: otp.delivery,
    OTP_REGIONS: otp.regions,
    WORKER_CONCURRENCY: worker.concurrency,
    WATCHDOG_SECONDS: worker.watchdogMs === null ? 0 : worker.watchdogMs / SECOND,
    OTEL_EXPORTER_OTLP_ENDPOINT: isSet(config.tracing.url),
    METRICS_TOKEN: isSet(config.metrics.token),
    ADMIN_TOKEN: isSet(config.admin.isTemporary ? null : config.admin.token),
  }
}

const isSet = (value: string | null) => (value === null ? "not set" : "set")
