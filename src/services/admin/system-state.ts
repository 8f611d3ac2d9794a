import type { CompleteConfig } from "../../config/env.ts"
import { toCamelCase } from "../../utils/camel-case.ts"
import { SECOND } from "../../utils/time.ts"
import { withTimeout } from "../../utils/with-timeout.ts"
import type { Context } from "../context.ts"
import { checkHealth, type Health } from "../platform/health.ts"
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
      "SELECT id, seen_at, concurrency, mean_ms FROM workers ORDER BY seen_at DESC LIMIT 100",
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

/** Lists each field by name, so that a new setting stays private until it is added here. */
function describeConfig(config: CompleteConfig) {
  const { gemini, otp, plans, http, worker, tracing } = config
  return {
    production: config.production,
    role: config.role,
    logLevel: config.logLevel,
    store: config.redis.url === null ? "postgres" : "redis",
    trustProxy: JSON.stringify(http.trustProxy),
    corsOrigins: http.corsOrigins,
    streamsPerUser: http.streamsPerUser,
    rateLimitScale: config.rateLimitScale,
    poolSize: config.database.poolSize,
    model: gemini.model,
    fallbackModels: gemini.fallbackModels,
    models: gemini.models.map(({ name, tier }) => (tier === "pro" ? `${name}:pro` : name)),
    requestsPerMinute: gemini.requestsPerMinute,
    contextTokens: gemini.contextTokens,
    basicDailyPrompts: plans.basicDailyPrompts,
    proDailyPrompts: plans.proDailyPrompts,
    otpDelivery: otp.delivery,
    otpRegions: otp.regions,
    workerConcurrency: worker.concurrency,
    watchdogSeconds: worker.watchdogMs === null ? null : worker.watchdogMs / SECOND,
    tracing: tracing.url !== null,
    metricsToken: config.metrics.token !== null,
    adminToken: config.admin.token !== null,
  }
}
