import { isIP } from "node:net"
import { z } from "zod"
import { decodeUri } from "../utils/text.ts"
import { DAY, MINUTE, SECOND } from "../utils/time.ts"
import { readAttachmentsUrl } from "./attachments-url.ts"
import { readDatabaseUrl } from "./database-url.ts"
import { readPrices } from "./prices.ts"
import { readRedisUrl } from "./redis-url.ts"
import { TIMING } from "./timing.ts"

function wholeNumber(min: number, max: number, example = "") {
  const error = `must be a whole number from ${min} to ${max}${example}`
  return z.coerce.number({ error }).int({ error }).min(min, { error }).max(max, { error })
}

const port = () => wholeNumber(0, 65_535, ", such as 3000")

function fraction(min: number, max: number) {
  const error = `must be a number from ${min} to ${max}, such as 0.5`
  return z.coerce.number({ error }).min(min, { error }).max(max, { error })
}

const httpUrl = (example: string) =>
  z.url({ protocol: /^https?$/, error: `must be a URL such as ${example}` })

const flag = z.enum(["true", "false"]).transform((text) => text === "true")

/** Known to be a region, so libphonenumber isn't loaded to check it. */
export const DEFAULT_REGION = "US"

/** Every environment variable with its form and default. */
export const Environment = z.object({
  NODE_ENV: z.enum(["development", "production", "test"]).default("development"),
  ROLE: z.enum(["all", "api", "worker"]).default("all"),
  HOST: z.string().optional(),
  PORT: port().default(3000),
  PUBLIC_URL: httpUrl("https://chat.example.com").optional(),
  APP_NAME: z
    .string()
    .regex(/^[^\p{Cc}]{1,60}$/u, "must be a name of 1 to 60 characters, without line breaks")
    .default("Chat"),
  PRIVACY_URL: httpUrl("https://example.com/privacy").optional(),
  IMPRINT_URL: httpUrl("https://example.com/imprint").optional(),
  TRUST_PROXY: z.string().default("false").transform(readTrustProxy),
  CORS_ORIGINS: z
    .string()
    .default("")
    .transform(splitList)
    .pipe(
      z.array(
        z.string().refine(isOrigin, "must list origins such as https://app.example.com, without * and paths"),
      ),
    ),
  LOG_LEVEL: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).default("info"),
  DATA_DIR: z.string().default("./.data"),
  DATABASE_URL: z
    .string()
    .refine(
      (url) => readDatabaseUrl(url) !== null,
      "must be postgres://USER:PASSWORD@HOST:5432[,HOST:5432…]/NAME",
    )
    .optional(),
  DATABASE_POOL: wholeNumber(2, 500).default(10),
  DATABASE_POOLER: z.enum(["session", "transaction", "transaction-prepared"]).default("session"),
  REDIS_URL: z
    .string()
    .refine(
      (url) => readRedisUrl(url) !== null,
      "must be redis://…, redis+cluster://… or redis+sentinel://…/NAME",
    )
    .optional(),
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
  TWILIO_BASE_URL: httpUrl("https://api.twilio.com").default("https://api.twilio.com"),
  DEFAULT_REGION: z.string().default(DEFAULT_REGION),
  GEMINI_API_KEY: z
    .string()
    .regex(
      /^[!-~]*$/,
      "has a space, an ellipsis or another character that no key has; copy the whole key again",
    )
    .optional(),
  GEMINI_MODEL: z.string().default("gemini-3.8-flash"),
  GEMINI_FALLBACK_MODELS: z.string().default("").transform(splitList),
  GEMINI_MODELS: z.string().default("").transform(readModels),
  GEMINI_RPM: wholeNumber(1, 1e6).optional(),
  GEMINI_PRICES: z.string().optional().transform(readPrices),
  GEMINI_BASE_URL: httpUrl("https://gemini.example.com").optional(),
  GEMINI_FIRST_CHUNK_SECONDS: wholeNumber(1, 3_000).default(TIMING.gemini.firstChunkTimeoutMs / SECOND),
  GEMINI_IDLE_SECONDS: wholeNumber(1, 3_000).default(TIMING.gemini.idleTimeoutMs / SECOND),
  GEMINI_TOTAL_SECONDS: wholeNumber(1, 3_000).default(TIMING.gemini.totalTimeoutMs / SECOND),
  GEMINI_CONTEXT_TOKENS: wholeNumber(256, 1_000_000).default(32_000),
  GEMINI_MAX_OUTPUT_TOKENS: wholeNumber(1, 65_536).optional(),
  GEMINI_TITLES: flag.default(true),
  GEMINI_SUMMARIES: flag.default(true),
  STRIPE_SECRET_KEY: z.string().optional(),
  STRIPE_WEBHOOK_SECRET: z.string().default("").transform(splitList),
  STRIPE_PRICE_PRO: z.string().default("").transform(splitList),
  STRIPE_PORTAL_CONFIGURATION: z
    .string()
    .regex(/^bpc_\w+$/, "must be the id of a portal configuration, which begins with bpc_")
    .optional(),
  STRIPE_TRIAL_DAYS: wholeNumber(1, 730).optional(),
  STRIPE_PROMOTION_CODES: flag.default(false),
  STRIPE_AUTOMATIC_TAX: flag.default(false),
  STRIPE_BASE_URL: httpUrl("https://stripe.example.com").optional(),
  BILLING_GRACE_DAYS: wholeNumber(0, 60).default(TIMING.billing.graceMs / DAY),
  BILLING_RECONCILE_MINUTES: wholeNumber(1, 1_440).default(TIMING.billing.reconcileMs / MINUTE),
  BASIC_DAILY_PROMPTS: wholeNumber(0, 1e9).default(5),
  PRO_DAILY_PROMPTS: wholeNumber(0, 1e9).optional(),
  ATTACHMENTS_URL: z
    .string()
    .refine(
      (url) => readAttachmentsUrl(url) !== null,
      "must be s3://KEY:SECRET@HOST/BUCKET?region=REGION, with KEY and SECRET percent-encoded",
    )
    .optional(),
  BASIC_ATTACHMENTS_MB: wholeNumber(0, 1e6).default(100),
  PRO_ATTACHMENTS_MB: wholeNumber(0, 1e6).default(1_000),
  DAILY_IMPORTS: wholeNumber(1, 1e6).default(20),
  RETENTION_DAYS: wholeNumber(1, 36_500).optional(),
  BASIC_DAILY_WEB_SEARCHES: wholeNumber(0, 1e9).default(3),
  PRO_DAILY_WEB_SEARCHES: wholeNumber(0, 1e9).default(100),
  BASIC_DAILY_URL_CONTEXTS: wholeNumber(0, 1e9).default(3),
  PRO_DAILY_URL_CONTEXTS: wholeNumber(0, 1e9).default(100),
  CHATROOM_CACHE_TTL: wholeNumber(1, 86_400).default(TIMING.cache.chatroomsMs / SECOND),
  // A reply mostly waits for the network: two hundred take a few tens of MB and one connection to PostgreSQL now and then.
  WORKER_CONCURRENCY: wholeNumber(1, 1_000).default(200),
  ADMIN_TOKEN: z.string().optional(),
  METRICS_TOKEN: z.string().optional(),
  WORKER_PORT: port().optional(),
  OTEL_SDK_DISABLED: z.string().default("false"),
  OTEL_SERVICE_NAME: z.string().default("gemini-chat-backend"),
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl("http://collector:4318").optional(),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: httpUrl("http://collector:4318/v1/traces").optional(),
  OTEL_EXPORTER_OTLP_HEADERS: z.string().default("").transform(readHeaders),
  OTEL_TRACES_SAMPLER_ARG: fraction(0, 1).default(1),
  OTEL_PROPAGATORS: z.string().default("none").transform(splitList),
  WATCHDOG_SECONDS: wholeNumber(0, 3_600).default(TIMING.worker.watchdogMs / SECOND),
  DISK_LOW_MB: wholeNumber(0, 1e7).default(500),
  STREAMS_PER_USER: wholeNumber(1, 10_000).default(6),
  MAX_CONNECTIONS: wholeNumber(10, 1e6).default(10_000),
  UNSENT_MB: wholeNumber(1, 1e5).default(64),
  RATE_LIMIT_SCALE: fraction(0.001, 1e6).default(1),
})

export type Environment = z.infer<typeof Environment>

/** Parses the models on offer: `name`, or `name:pro` for those that only Pro users may choose. */
function readModels(text: string, check: z.RefinementCtx) {
  return splitList(text).map((item) => {
    const [, name, pro] = /^([a-z][a-z0-9.-]*)(:pro)?$/.exec(item) ?? []
    if (name === undefined) {
      const message = `${item} isn't a model; use the form gemini-3.8-flash or gemini-3.1-pro-preview:pro`
      check.addIssue({ code: "custom", message })
    }
    return { name: name ?? item, tier: pro ? ("pro" as const) : ("basic" as const) }
  })
}

/** Parses OpenTelemetry's `name=value,name=value`, with percent-encoded values. */
function readHeaders(text: string, check: z.RefinementCtx): Record<string, string> {
  const pairs = splitList(text).map((pair) => /^([\w-]+)\s*=\s*(.*)$/.exec(pair))
  // The message doesn't quote the value, which is a secret.
  if (pairs.includes(null)) check.addIssue({ code: "custom", message: "must be a list of name=value" })
  return Object.fromEntries(pairs.flatMap((pair) => (pair ? [[pair[1], decodeUri(pair[2] as string)]] : [])))
}

/** Express's names for networks. */
const NETWORKS = new Set(["loopback", "linklocal", "uniquelocal"])

/** Parses Express's `trust proxy`: a number of hops or a list of addresses. `true` would let clients forge theirs. */
function readTrustProxy(text: string, check: z.RefinementCtx): false | number | string[] {
  if (text === "false") return false
  if (/^\d+$/.test(text)) return Number(text)
  if (text === "true") {
    check.addIssue({
      code: "custom",
      message: "true would let clients forge their address; set the number of proxies or their addresses",
    })
  }
  const addresses = splitList(text)
  const unknown = addresses.find(
    (address) => !NETWORKS.has(address) && isIP(address.replace(/\/\d+$/, "")) === 0,
  )
  if (unknown !== undefined && text !== "true") {
    check.addIssue({
      code: "custom",
      message: `${unknown} isn't a number of proxies, an address or a network`,
    })
  }
  return addresses
}

/** They also stand in a header, where other signs would say something else. */
function isOrigin(text: string): boolean {
  return /^https?:\/\/[\w.:[\]-]+$/i.test(text) && URL.parse(text)?.origin === text.toLowerCase()
}

function splitList(text: string): string[] {
  return text.split(",").flatMap((item) => item.trim() || [])
}
