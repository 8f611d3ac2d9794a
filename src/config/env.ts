import type { isSupportedCountry } from "libphonenumber-js/max"
import { deepFreeze } from "../utils/deep-freeze.ts"
import { faultWords } from "../utils/fault-words.ts"
import { DAY, MINUTE, SECOND } from "../utils/time.ts"
import { readEnvFile } from "./env-file.ts"
import { Environment } from "./environment.ts"
import { IMPORT_SIZES, INLINE_FILES } from "./limits.ts"
import { TIMING } from "./timing.ts"
import { findUnknownNames, type UnknownName } from "./unknown-names.ts"
import { findFaults } from "./validate-environment.ts"

/** The configuration is invalid. `faults` lists everything that is wrong with it. */
export class ConfigInvalid extends Error {
  readonly faults: string[]

  constructor(faults: string[]) {
    super(`The configuration is invalid:\n${faults.map((fault) => `  - ${fault}`).join("\n")}`)
    this.name = "ConfigInvalid"
    this.faults = faults
  }
}

/** A version of the Gemini API, as it stands in the API's paths. */
export type ApiVersion = "v1" | "v1beta"

/** A two-letter region code of libphonenumber. */
export type Region = Parameters<typeof isSupportedCountry>[0]

/** All settings as typed, frozen values. `null` means not configured. */
export type Config = ReturnType<typeof toConfig>

/** A configuration in which embedded parts have filled in what wasn't set. */
export type CompleteConfig = Omit<Config, "database" | "jwt" | "gemini" | "stripe"> & {
  database: Config["database"] & { url: string }
  jwt: Config["jwt"] & { secret: string }
  gemini: Config["gemini"] & { apiKey: string }
  stripe: Config["stripe"] & { secretKey: string }
}

/**
 * Reads the configuration from `fixed`, the environment and `.env` if it exists, in this order of precedence.
 * @param fixed variables that the entry point sets itself
 * @param onUnknown called for each name in `.env` that isn't a setting
 * @throws {ConfigInvalid} with every fault at once
 */
export function loadConfig(
  fixed: Record<string, string> = {},
  onUnknown: (unknown: UnknownName) => void = () => undefined,
): Config {
  const file = readEnvFile(".env")
  findUnknownNames(Object.keys(file.variables), Object.keys(Environment.shape)).forEach(onUnknown)
  // Child processes and libraries see these variables, too.
  for (const [name, value] of Object.entries(file.variables)) {
    if (!process.env[name]?.trim()) process.env[name] = value
  }
  reachOurselvesDirectly(process.env)
  const faults = [...file.faults, ...faultsOf({ ...process.env, ...fixed })]
  if (faults.length > 0) throw new ConfigInvalid(faults)
  return readConfig({ ...process.env, ...fixed })
}

/** Keeps Node's proxy support, which has no exceptions by default, away from embedded parts and our own server. */
function reachOurselvesDirectly(variables: NodeJS.ProcessEnv): void {
  const name = variables.no_proxy === undefined ? "NO_PROXY" : "no_proxy"
  variables[name] = [variables[name], "localhost", "127.0.0.1", "[::1]", "::1"].filter(Boolean).join(",")
}

/** Reads the configuration from `variables`. Empty variables count as not set. */
export function readConfig(variables: Record<string, string | undefined>): Config {
  const { env, faults } = parse(variables)
  if (faults.length > 0) throw new ConfigInvalid(faults)
  return toConfig(env)
}

const faultsOf = (variables: Record<string, string | undefined>) => parse(variables).faults

function parse(variables: Record<string, string | undefined>): { env: Environment; faults: string[] } {
  const set = Object.fromEntries(Object.entries(variables).filter(([, value]) => value?.trim()))
  const parsed = Environment.safeParse(set, { error: faultWords })
  const unparsed = new Map<string, string>()
  for (const { path, message } of parsed.error?.issues ?? []) {
    const name = String(path[0])
    if (!unparsed.has(name)) unparsed.set(name, `${name}: ${message}${quote(name, set[name])}`)
  }
  // Variables that can't be parsed count as not set, so that the other faults are found too.
  const rest = Object.fromEntries(Object.entries(set).filter(([name]) => !unparsed.has(name)))
  const env = parsed.data ?? Environment.parse(rest)
  const others = findFaults(env).filter((fault) => !unparsed.has(fault.split(":")[0] as string))
  return { env, faults: [...unparsed.values(), ...others] }
}

/** A secret is never quoted, nor what may have one inside. */
const SECRET_NAME = /SECRET|TOKEN|KEY|PASSWORD|HEADERS|SID|URL|ENDPOINT/

function quote(name: string, value: string | undefined): string {
  return SECRET_NAME.test(name) || value === undefined ? "" : `; it is ${JSON.stringify(value.slice(0, 100))}`
}

function toConfig(env: Environment) {
  return deepFreeze({
    production: env.NODE_ENV === "production",
    role: env.ROLE,
    http: toHttp(env),
    /** What pages call the service, and where they lead for its policies; `null`: nowhere. */
    app: {
      name: env.APP_NAME,
      privacyUrl: env.PRIVACY_URL ?? null,
      imprintUrl: env.IMPRINT_URL ?? null,
    },
    rateLimitScale: env.RATE_LIMIT_SCALE,
    logLevel: env.LOG_LEVEL,
    dataDir: env.DATA_DIR,
    database: {
      url: env.DATABASE_URL ?? null,
      poolSize: env.DATABASE_POOL,
      /** What stands between us and PostgreSQL. */
      pooler: env.DATABASE_POOLER,
    },
    redis: { url: env.REDIS_URL ?? null },
    jwt: { secret: env.JWT_SECRET ?? null, previousSecret: env.JWT_SECRET_PREVIOUS ?? null },
    /** `isTemporary`: made for this start (`boot/admin-token.ts`), so nobody configured access by it. */
    admin: { token: env.ADMIN_TOKEN ?? null, isTemporary: false as boolean },
    /** `workerPort`: where a worker without an API serves its metrics; `null`: nowhere. */
    metrics: { token: env.METRICS_TOKEN ?? null, workerPort: env.WORKER_PORT ?? null },
    tracing: {
      url: toTracesUrl(env),
      headers: env.OTEL_EXPORTER_OTLP_HEADERS,
      serviceName: env.OTEL_SERVICE_NAME,
      ratio: env.OTEL_TRACES_SAMPLER_ARG,
      /** Whether to continue traces of clients' `traceparent` headers, which anyone may send. */
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
    gemini: toGemini(env),
    stripe: toStripe(env),
    plans: toPlans(env),
    /** How long after their last activity rooms are erased; `null`: never. */
    retentionMs: env.RETENTION_DAYS === undefined ? null : env.RETENTION_DAYS * DAY,
    attachments: {
      /** Where their bytes are; `null`: in the database. */
      url: env.ATTACHMENTS_URL ?? null,
      ...INLINE_FILES,
      /** What all files of a user may take. */
      basicBytes: env.BASIC_ATTACHMENTS_MB * 1024 * 1024,
      proBytes: env.PRO_ATTACHMENTS_MB * 1024 * 1024,
    },
    /** How many files of conversations a user may import a day, and what they may be. */
    imports: { daily: env.DAILY_IMPORTS, ...IMPORT_SIZES },
    cache: { chatroomTtlSeconds: env.CHATROOM_CACHE_TTL },
    worker: {
      concurrency: env.WORKER_CONCURRENCY,
      /** A worker that is stuck for longer ends itself; `null`: never. */
      watchdogMs: env.WATCHDOG_SECONDS === 0 ? null : env.WATCHDOG_SECONDS * SECOND,
    },
    disk: { lowBytes: env.DISK_LOW_MB * 1024 * 1024 },
  })
}

/** What a user of each plan may do a day; `null`: no limit. */
function toPlans(env: Environment) {
  return {
    basicDailyPrompts: env.BASIC_DAILY_PROMPTS,
    proDailyPrompts: env.PRO_DAILY_PROMPTS ?? null,
    /** Replies that use Google's tools. */
    basicDailyTools: { webSearch: env.BASIC_DAILY_WEB_SEARCHES, urlContext: env.BASIC_DAILY_URL_CONTEXTS },
    proDailyTools: { webSearch: env.PRO_DAILY_WEB_SEARCHES, urlContext: env.PRO_DAILY_URL_CONTEXTS },
  }
}

function toHttp(env: Environment) {
  return {
    // Responses contain sign-in codes on a laptop, so other machines must not reach it by default.
    host: env.HOST ?? (env.NODE_ENV === "production" ? "0.0.0.0" : "127.0.0.1"),
    port: env.PORT,
    publicUrl: env.PUBLIC_URL ?? null,
    trustProxy: env.TRUST_PROXY,
    corsOrigins: env.CORS_ORIGINS,
    streamsPerUser: env.STREAMS_PER_USER,
    maxConnections: env.MAX_CONNECTIONS,
    /** How much of long responses may be kept for clients that haven't read it yet. */
    unsentBytes: env.UNSENT_MB * 1024 * 1024,
  }
}

function toGemini(env: Environment) {
  return {
    apiKey: env.GEMINI_API_KEY ?? null,
    ...toGeminiAddress(env.GEMINI_BASE_URL),
    model: env.GEMINI_MODEL,
    /** Tried in this order while the preferred model is overloaded. */
    fallbackModels: env.GEMINI_FALLBACK_MODELS,
    models: toModels(env),
    /** Calls to the provider per minute, across all workers; `null`: unlimited. */
    requestsPerMinute: env.GEMINI_RPM ?? null,
    /** What the provider charges. */
    prices: env.GEMINI_PRICES,
    contextTokens: env.GEMINI_CONTEXT_TOKENS,
    /** Whether rooms without a name get one from a model. */
    titles: env.GEMINI_TITLES,
    /** Whether what no longer fits into a request is summarized. */
    summaries: env.GEMINI_SUMMARIES,
    maxOutputTokens: env.GEMINI_MAX_OUTPUT_TOKENS ?? null,
    firstChunkTimeoutMs: env.GEMINI_FIRST_CHUNK_SECONDS * SECOND,
    idleTimeoutMs: env.GEMINI_IDLE_SECONDS * SECOND,
    totalTimeoutMs: env.GEMINI_TOTAL_SECONDS * SECOND,
    settleMs: TIMING.gemini.settleMs,
  }
}

/** A version at the end, as in other tools' base URLs, is the one for all models; otherwise each has its own. */
function toGeminiAddress(url: string | undefined): { baseUrl: string | null; apiVersion: ApiVersion | null } {
  const [, baseUrl, apiVersion] = /^(.*?)\/?(?:\/(v1|v1beta))?\/?$/.exec(url ?? "") ?? []
  return { baseUrl: baseUrl || null, apiVersion: (apiVersion as ApiVersion | undefined) ?? null }
}

/** Returns the models that rooms may choose, in the order of lists, with the tier that each needs. */
function toModels({
  GEMINI_MODELS: models,
  GEMINI_MODEL: usual,
  GEMINI_FALLBACK_MODELS: others,
}: Environment) {
  if (models.length > 0) return models
  return [...new Set([usual, ...others])].map((name) => ({ name, tier: "basic" as const }))
}

function toStripe(env: Environment) {
  return {
    /** Production without a key serves everything but billing; elsewhere the simulator replaces Stripe. */
    enabled: env.NODE_ENV !== "production" || env.STRIPE_SECRET_KEY !== undefined,
    secretKey: env.STRIPE_SECRET_KEY ?? null,
    /** More than one during a rotation. */
    webhookSecrets: env.STRIPE_WEBHOOK_SECRET,
    /** Of each interval the first is for sale; subscribers of the others stay Pro. */
    proPrices: env.STRIPE_PRICE_PRO,
    /** Length of the trial of a user's first subscription; `null`: none. */
    trialDays: env.STRIPE_TRIAL_DAYS ?? null,
    takesPromotionCodes: env.STRIPE_PROMOTION_CODES,
    automaticTax: env.STRIPE_AUTOMATIC_TAX,
    /** Customer portal configuration; `null`: the account's default. */
    portalConfiguration: env.STRIPE_PORTAL_CONFIGURATION ?? null,
    baseUrl: env.STRIPE_BASE_URL ?? null,
    graceMs: env.BILLING_GRACE_DAYS * DAY,
    reconcileMs: env.BILLING_RECONCILE_MINUTES * MINUTE,
  }
}

/** Follows https://opentelemetry.io/docs/specs/otel/protocol/exporter/. */
function toTracesUrl(env: Environment): string | null {
  if (env.OTEL_SDK_DISABLED.toLowerCase() === "true") return null
  if (env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) return env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT
  const base = env.OTEL_EXPORTER_OTLP_ENDPOINT
  return base ? `${base.replace(/\/$/, "")}/v1/traces` : null
}

/**
 * Returns the daily budgets of codes. By SMS every code costs money and fraudsters pump ranges of numbers, so the
 * defaults are those of a small service. Otherwise they only limit guesses.
 */
function toDailyBudgets(env: Environment) {
  const isPaid = env.OTP_DELIVERY === "twilio"
  return {
    perNumber: env.OTP_DAILY_PER_NUMBER ?? (isPaid ? 10 : 100),
    perPrefix: env.OTP_DAILY_PER_PREFIX ?? (isPaid ? 100 : 10_000),
    perAddress: env.OTP_DAILY_PER_ADDRESS ?? (isPaid ? 100 : 10_000),
    total: env.OTP_DAILY_TOTAL ?? (isPaid ? 10_000 : 1_000_000),
  }
}
