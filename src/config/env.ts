import { existsSync } from "node:fs"
import { loadEnvFile } from "node:process"
import type { isSupportedCountry } from "libphonenumber-js/max"
import { deepFreeze } from "../utils/deep-freeze.ts"
import { DAY, MINUTE, SECOND } from "../utils/time.ts"
import { Environment } from "./environment.ts"
import { TIMING } from "./timing.ts"
import { findFaults } from "./validate-environment.ts"

/** The configuration can't be used; `faults` lists everything that is wrong with it, not just the first. */
export class ConfigInvalid extends Error {
  readonly faults: string[]

  constructor(faults: string[]) {
    super(`The configuration can't be used:\n${faults.map((fault) => `  - ${fault}`).join("\n")}`)
    this.name = "ConfigInvalid"
    this.faults = faults
  }
}

/** A region's two letters, as libphonenumber knows them. */
export type Region = Parameters<typeof isSupportedCountry>[0]

/** Everything that can be set, as typed, frozen values. `null` says: not configured. */
export type Config = ReturnType<typeof toConfig>

/** A configuration of which nothing is missing any more: what wasn't set is embedded. */
export type CompleteConfig = Omit<Config, "database" | "jwt" | "gemini" | "stripe"> & {
  database: Config["database"] & { url: string }
  jwt: Config["jwt"] & { secret: string }
  gemini: Config["gemini"] & { apiKey: string }
  stripe: Config["stripe"] & { secretKey: string }
}

/**
 * Reads `.env` (where it exists; what the environment says already wins), the environment, and `fixed`, which an
 * entry point sets itself.
 * @throws {ConfigInvalid} with every fault at once.
 */
export function loadConfig(fixed: Record<string, string> = {}): Config {
  if (existsSync(".env")) loadEnvFile(".env")
  return readConfig({ ...process.env, ...fixed })
}

/** The pure part of `loadConfig`. An empty variable counts as one that isn't set. */
export function readConfig(variables: Record<string, string | undefined>): Config {
  const set = Object.fromEntries(Object.entries(variables).filter(([, value]) => value?.trim()))
  const parsed = Environment.safeParse(set)
  // What can't be read counts as not set, so that what is wrong besides is found, too.
  const readable = parsed.success ? parsed.data : Environment.parse(omit(set, parsed.error.issues))
  const unread = parsed.success
    ? []
    : parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`)
  const named = new Set(unread.map(nameOf))
  const faults = [...unread, ...findFaults(readable).filter((fault) => !named.has(nameOf(fault)))]
  if (faults.length > 0) throw new ConfigInvalid(faults)
  return toConfig(readable)
}

const nameOf = (fault: string) => fault.split(":")[0]

function omit(set: Record<string, string | undefined>, issues: readonly { path: PropertyKey[] }[]) {
  const unreadable = new Set(issues.map(({ path }) => path[0]))
  return Object.fromEntries(Object.entries(set).filter(([name]) => !unreadable.has(name)))
}

function toConfig(env: Environment) {
  return deepFreeze({
    production: env.NODE_ENV === "production",
    role: env.ROLE,
    http: {
      // On a laptop codes are in replies, so nobody else's machine should reach it unasked.
      host: env.HOST ?? (env.NODE_ENV === "production" ? "0.0.0.0" : "127.0.0.1"),
      port: env.PORT,
      publicUrl: env.PUBLIC_URL ?? null,
      trustProxy: env.TRUST_PROXY,
      corsOrigins: env.CORS_ORIGINS,
      streamsPerUser: env.STREAMS_PER_USER,
    },
    rateLimitScale: env.RATE_LIMIT_SCALE,
    logLevel: env.LOG_LEVEL,
    dataDir: env.DATA_DIR,
    database: { url: env.DATABASE_URL ?? null, poolSize: env.DATABASE_POOL },
    redis: { url: env.REDIS_URL ?? null },
    jwt: { secret: env.JWT_SECRET ?? null, previousSecret: env.JWT_SECRET_PREVIOUS ?? null },
    admin: { token: env.ADMIN_TOKEN ?? null },
    /** `workerPort`: where a worker without an API shows its metrics; null: nowhere. */
    metrics: { token: env.METRICS_TOKEN ?? null, workerPort: env.WORKER_PORT ?? null },
    tracing: {
      url: toTracesUrl(env),
      headers: env.OTEL_EXPORTER_OTLP_HEADERS,
      serviceName: env.OTEL_SERVICE_NAME,
      ratio: env.OTEL_TRACES_SAMPLER_ARG,
      /** Whether a caller's `traceparent` is gone on from: anybody may send one. */
      takesParents: env.OTEL_PROPAGATORS.includes("tracecontext"),
    },
    password: { bcryptCost: 12 },
    defaultRegion: env.DEFAULT_REGION as Region,
    otp: {
      delivery: env.OTP_DELIVERY ?? "response",
      regions: env.OTP_REGIONS,
      daily: toDailyBudgets(env),
    },
    twilio: {
      accountSid: env.TWILIO_ACCOUNT_SID ?? "",
      authToken: env.TWILIO_AUTH_TOKEN ?? "",
      from: env.TWILIO_FROM ?? "",
      baseUrl: env.TWILIO_BASE_URL,
      timeoutMs: TIMING.otp.carrierTimeoutMs,
    },
    gemini: {
      apiKey: env.GEMINI_API_KEY ?? null,
      baseUrl: env.GEMINI_BASE_URL ?? null,
      model: env.GEMINI_MODEL,
      /** Asked in this order while the first is overloaded. */
      fallbackModels: env.GEMINI_FALLBACK_MODELS,
      /** Calls to the provider per minute, by all workers together; null: no limit. */
      requestsPerMinute: env.GEMINI_RPM ?? null,
      contextTokens: env.GEMINI_CONTEXT_TOKENS,
      maxOutputTokens: env.GEMINI_MAX_OUTPUT_TOKENS ?? null,
      /** The longest silence before the first and between two chunks. */
      idleTimeoutMs: TIMING.gemini.idleTimeoutMs,
      totalTimeoutMs: TIMING.gemini.totalTimeoutMs,
    },
    stripe: {
      secretKey: env.STRIPE_SECRET_KEY ?? null,
      /** Several while one is replaced by the next. */
      webhookSecrets: env.STRIPE_WEBHOOK_SECRET,
      /** The first is sold; the others were, and still make their subscribers Pro. */
      proPrices: env.STRIPE_PRICE_PRO,
      /** Of the customer portal; null: the account's default. */
      portalConfiguration: env.STRIPE_PORTAL_CONFIGURATION ?? null,
      baseUrl: env.STRIPE_BASE_URL ?? null,
      graceMs: env.BILLING_GRACE_DAYS * DAY,
      reconcileMs: env.BILLING_RECONCILE_MINUTES * MINUTE,
    },
    plans: { basicDailyPrompts: env.BASIC_DAILY_PROMPTS, proDailyPrompts: env.PRO_DAILY_PROMPTS ?? null },
    cache: { chatroomTtlSeconds: env.CHATROOM_CACHE_TTL },
    worker: {
      concurrency: env.WORKER_CONCURRENCY,
      /** A worker that is stuck for longer ends itself; null: never. */
      watchdogMs: env.WATCHDOG_SECONDS === 0 ? null : env.WATCHDOG_SECONDS * SECOND,
    },
    disk: { lowBytes: env.DISK_LOW_MB * 1024 * 1024 },
  })
}

/** The names and the path are OpenTelemetry's (https://opentelemetry.io/docs/specs/otel/protocol/exporter/). */
function toTracesUrl(env: Environment): string | null {
  if (env.OTEL_SDK_DISABLED.toLowerCase() === "true") return null
  if (env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) return env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT
  const base = env.OTEL_EXPORTER_OTLP_ENDPOINT
  return base ? `${base.replace(/\/$/, "")}/v1/traces` : null
}

/**
 * Codes a day. Behind a carrier every code costs money and numbers are pumped by range, so the budgets are those
 * of a small service; without one they only bound how often a code can be guessed.
 */
function toDailyBudgets(env: Environment) {
  const wide = env.OTP_DELIVERY === "twilio" ? 1 : 100
  return {
    perNumber: env.OTP_DAILY_PER_NUMBER ?? (wide === 1 ? 10 : 100),
    perPrefix: env.OTP_DAILY_PER_PREFIX ?? 100 * wide,
    perAddress: env.OTP_DAILY_PER_ADDRESS ?? 100 * wide,
    total: env.OTP_DAILY_TOTAL ?? 10_000 * wide,
  }
}
