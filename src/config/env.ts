import { existsSync } from "node:fs"
import { isIP } from "node:net"
import { loadEnvFile } from "node:process"
import { getCountries, isSupportedCountry } from "libphonenumber-js/max"
import { z } from "zod"
import { SECOND } from "../utils/time.ts"

/** The configuration can't be used; `faults` lists everything that is wrong with it, not just the first. */
export class ConfigInvalid extends Error {
  readonly faults: string[]

  constructor(faults: string[]) {
    super(`The configuration can't be used:\n${faults.map((fault) => `  - ${fault}`).join("\n")}`)
    this.name = "ConfigInvalid"
    this.faults = faults
  }
}

const wholeNumber = (min: number, max: number) => z.coerce.number().int().min(min).max(max)

const Environment = z.object({
  NODE_ENV: z.enum(["development", "production", "test"]).default("development"),
  ROLE: z.enum(["all", "api", "worker"]).default("all"),
  HOST: z.string().optional(),
  PORT: wholeNumber(0, 65_535).default(3000),
  PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  TRUST_PROXY: z.string().default("false").transform(readTrustProxy),
  CORS_ORIGINS: z
    .string()
    .default("")
    .transform(splitList)
    .pipe(z.array(z.url({ protocol: /^https?$/ }))),
  LOG_LEVEL: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).default("info"),
  DATA_DIR: z.string().default("./.data"),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  DATABASE_POOL: wholeNumber(2, 500).default(10),
  REDIS_URL: z.url({ protocol: /^rediss?$/ }).optional(),
  JWT_SECRET: z.string().optional(),
  JWT_SECRET_PREVIOUS: z.string().optional(),
  OTP_DELIVERY: z.enum(["response", "log", "twilio"]).optional(),
  OTP_DAILY_PER_NUMBER: wholeNumber(1, 1e9).optional(),
  OTP_DAILY_PER_PREFIX: wholeNumber(1, 1e9).optional(),
  OTP_DAILY_PER_ADDRESS: wholeNumber(1, 1e9).optional(),
  OTP_DAILY_TOTAL: wholeNumber(1, 1e9).optional(),
  OTP_REGIONS: z.string().default("").transform(splitList),
  TWILIO_ACCOUNT_SID: z.string().optional(),
  TWILIO_AUTH_TOKEN: z.string().optional(),
  TWILIO_FROM: z.string().optional(),
  TWILIO_BASE_URL: z.url().default("https://api.twilio.com"),
  DEFAULT_REGION: z.string().default("US"),
  GEMINI_API_KEY: z.string().optional(),
  GEMINI_MODEL: z.string().default("gemini-3.8-flash"),
  GEMINI_FALLBACK_MODELS: z.string().default("").transform(splitList),
  GEMINI_RPM: wholeNumber(1, 1e6).optional(),
  GEMINI_BASE_URL: z.url({ protocol: /^https?$/ }).optional(),
  GEMINI_CONTEXT_TOKENS: wholeNumber(256, 1_000_000).default(32_000),
  GEMINI_MAX_OUTPUT_TOKENS: wholeNumber(1, 65_536).optional(),
  BASIC_DAILY_PROMPTS: wholeNumber(0, 1e9).default(5),
  PRO_DAILY_PROMPTS: wholeNumber(0, 1e9).optional(),
  CHATROOM_CACHE_TTL: wholeNumber(1, 86_400).default(600),
  WORKER_CONCURRENCY: wholeNumber(1, 1_000).default(20),
  ADMIN_TOKEN: z.string().optional(),
  STREAMS_PER_USER: wholeNumber(1, 10_000).default(6),
  RATE_LIMIT_SCALE: z.coerce.number().positive().max(1e6).default(1),
})

type Environment = z.infer<typeof Environment>

/** A region's two letters, as libphonenumber knows them. */
export type Region = Parameters<typeof isSupportedCountry>[0]

/** Everything that can be set, as typed, frozen values. `null` says: not configured. */
export type Config = ReturnType<typeof toConfig>

/** A configuration of which nothing is missing any more: what wasn't set is embedded. */
export type CompleteConfig = Omit<Config, "database" | "jwt" | "gemini"> & {
  database: Config["database"] & { url: string }
  jwt: Config["jwt"] & { secret: string }
  gemini: Config["gemini"] & { apiKey: string }
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

/** Values that stand in examples, this project's and the original brief's: never good in production. */
const PLACEHOLDERS = ["your-super-secret-jwt-key-here", "your_google_gemini_api_key", "changeme"]

/** 32 bytes: the output size of SHA-256, the least that RFC 7518 section 3.2 allows for HS256. */
const MIN_SECRET_BYTES = 32

function findFaults(env: Environment): string[] {
  return [...findGeneralFaults(env), ...(env.NODE_ENV === "production" ? findProductionFaults(env) : [])]
}

function findGeneralFaults(env: Environment): string[] {
  const faults: string[] = []
  if (!isSupportedCountry(env.DEFAULT_REGION)) {
    faults.push(
      `DEFAULT_REGION: ${env.DEFAULT_REGION} is no region; one of ${getCountries().slice(0, 5).join(", ")}, …`,
    )
  }
  for (const region of env.OTP_REGIONS) {
    if (!isSupportedCountry(region)) faults.push(`OTP_REGIONS: ${region} is no region`)
  }
  if (env.OTP_DELIVERY === "twilio") {
    for (const name of ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM"] as const) {
      if (!env[name]) faults.push(`${name}: needed by OTP_DELIVERY=twilio`)
    }
  }
  return faults
}

function findProductionFaults(env: Environment): string[] {
  const faults: string[] = []
  for (const name of ["DATABASE_URL", "JWT_SECRET", "GEMINI_API_KEY"] as const) {
    if (!env[name]) faults.push(`${name}: missing; production has no embedded default`)
  }
  if (!env.REDIS_URL && env.ROLE !== "all") faults.push(`REDIS_URL: missing; ROLE=${env.ROLE} needs it`)
  if (!env.OTP_DELIVERY) {
    faults.push(
      "OTP_DELIVERY: missing; twilio sends codes, response shows them in the reply to anybody who asks",
    )
  }
  for (const name of ["JWT_SECRET", "JWT_SECRET_PREVIOUS", "ADMIN_TOKEN"] as const) {
    const secret = env[name]
    if (secret && Buffer.byteLength(secret) < MIN_SECRET_BYTES) {
      faults.push(`${name}: shorter than ${MIN_SECRET_BYTES} bytes; make one with: openssl rand -base64 48`)
    }
  }
  for (const name of ["JWT_SECRET", "GEMINI_API_KEY"] as const) {
    if (PLACEHOLDERS.includes(env[name] ?? "")) faults.push(`${name}: this is the placeholder of an example`)
  }
  return faults
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
      timeoutMs: 10 * SECOND,
    },
    gemini: {
      apiKey: env.GEMINI_API_KEY ?? null,
      baseUrl: env.GEMINI_BASE_URL ?? null,
      model: env.GEMINI_MODEL,
      /** Asked in this order while the first is overloaded. */
      fallbackModels: env.GEMINI_FALLBACK_MODELS,
      /** Replies begun per minute, by all workers together; null: no limit. */
      requestsPerMinute: env.GEMINI_RPM ?? null,
      contextTokens: env.GEMINI_CONTEXT_TOKENS,
      maxOutputTokens: env.GEMINI_MAX_OUTPUT_TOKENS ?? null,
      /** The longest silence before the first and between two chunks. */
      idleTimeoutMs: 30 * SECOND,
      totalTimeoutMs: 300 * SECOND,
    },
    plans: { basicDailyPrompts: env.BASIC_DAILY_PROMPTS, proDailyPrompts: env.PRO_DAILY_PROMPTS ?? null },
    cache: { chatroomTtlSeconds: env.CHATROOM_CACHE_TTL },
    worker: { concurrency: env.WORKER_CONCURRENCY },
  })
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

/** Express's names for networks. */
const NETWORKS = new Set(["loopback", "linklocal", "uniquelocal"])

/** Express's `trust proxy`: a number of hops or a list of addresses. `true` would let anybody choose an address. */
function readTrustProxy(text: string, check: z.RefinementCtx): false | number | string[] {
  if (text === "false") return false
  if (/^\d+$/.test(text)) return Number(text)
  if (text === "true") {
    check.addIssue({
      code: "custom",
      message: "true trusts everybody; give the number of proxies or their addresses",
    })
  }
  const addresses = splitList(text)
  const unknown = addresses.find(
    (address) => !NETWORKS.has(address) && isIP(address.replace(/\/\d+$/, "")) === 0,
  )
  if (unknown !== undefined && text !== "true") {
    check.addIssue({ code: "custom", message: `${unknown} is no number of proxies, address or network` })
  }
  return addresses
}

function splitList(text: string): string[] {
  return text.split(",").flatMap((item) => item.trim() || [])
}

function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) if (typeof part === "object" && part !== null) deepFreeze(part)
  return Object.freeze(value)
}
