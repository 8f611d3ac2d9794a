import { randomInt } from "node:crypto"
import { Redis } from "ioredis"
import type pg from "pg"
import { inject, vi } from "vitest"
import { type GeminiSimulator, startGeminiSimulator } from "../../simulators/gemini/server.ts"
import { PRO_PRICE, type StripeSimulator, startStripeSimulator } from "../../simulators/stripe/server.ts"
import { createContext } from "../../src/boot/context.ts"
import { listen } from "../../src/boot/listen.ts"
import { type CompleteConfig, readConfig } from "../../src/config/env.ts"
import { createLogger } from "../../src/config/logger.ts"
import type { Pooler } from "../../src/config/postgres-session.ts"
import { secretsOf } from "../../src/config/secrets.ts"
import { TIMING, type Timing } from "../../src/config/timing.ts"
import { startBillingWorker } from "../../src/services/billing/billing-worker.ts"
import type { Context } from "../../src/services/context.ts"
import { startWorker } from "../../src/services/replies/worker/worker.ts"
import { MINUTE } from "../../src/utils/time.ts"
import { createHttp, type Http } from "../../tools/lib/http.ts"
import { PATIENCE_MS } from "./answers.ts"
import { createTestDatabase, type TestDatabase, useDatabase } from "./database.ts"

type DeepPartial<T> = { [K in keyof T]?: T[K] extends object ? DeepPartial<T[K]> : T[K] }

export interface TestAppOptions {
  config?: DeepPartial<CompleteConfig>
  /** What the test waits for, shortened. The bounds that healthy work must not hit stay. */
  timing?: DeepPartial<Timing>
  /** Several apps on one database (and one Redis) are several processes of one service. */
  beside?: TestApp
  /** A simulated Stripe, whose events come in, and a worker for billing. */
  stripe?: boolean
  /** false: an API process without a worker. */
  worker?: boolean
  /** Stores to use instead of an own database and what the test project has chosen. */
  databaseUrl?: string
  redisUrl?: string
}

/** The real app on a database of its own, with a simulated Gemini. */
export interface TestApp extends AsyncDisposable {
  url: string
  ctx: Context
  pool: pg.Pool
  /** Runs a statement. @returns its rows */
  query(sql: string, ...values: unknown[]): Promise<pg.QueryResult["rows"]>
  gemini: GeminiSimulator
  /** @throws where the app was started without */
  readonly stripe: StripeSimulator
  http: Http
  /** With the admin token. */
  admin: Http
  /** Everything logged so far, at level debug. */
  logs(): string
  close(): Promise<void>
  /** For `beside`. */
  stores: Stores
}

interface Stores {
  database: TestDatabase
  redisUrl: string | null
  gemini: GeminiSimulator
  stripe: StripeSimulator | null
}

export async function startTestApp({
  config: overrides = {},
  timing = {},
  beside,
  stripe = false,
  worker = true,
  databaseUrl,
  redisUrl,
}: TestAppOptions = {}): Promise<TestApp> {
  await using starting = new AsyncDisposableStack()
  const stores =
    beside?.stores ??
    (await openStores(starting, { stripe, databaseUrl, redisUrl, pooler: overrides.database?.pooler }))
  const config = merge(defaultConfig(stores), overrides)
  const lines: string[] = []
  const log = createLogger("debug", { write: (line: string) => void lines.push(line) }, secretsOf(config))
  const owned = await createContext(config, log, merge(merge(TIMING, USUAL_TIMING), timing))
  starting.defer(() => owned.close())
  if (worker) {
    if (stores.stripe) {
      const billing = await startBillingWorker(owned.ctx)
      starting.defer(() => billing.close())
      if (!beside) await untilReconciled(lines)
    }
    const running = await startWorker(owned.ctx)
    starting.defer(() => running.close())
  }
  const listening = await listen(owned)
  starting.defer(() => listening.close())
  if (!beside) stores.stripe?.setEndpoint({ url: `${listening.url}/webhook/stripe`, secret: WEBHOOK_SECRET })
  const running = starting.move()
  return {
    url: listening.url,
    ctx: owned.ctx,
    pool: owned.ctx.db.pool,
    query: async (sql, ...values) => (await owned.ctx.db.pool.query(sql, values)).rows,
    gemini: stores.gemini,
    get stripe() {
      if (!stores.stripe) throw new Error("startTestApp({ stripe: true }) is what this test needs")
      return stores.stripe
    },
    http: createHttp(listening.url),
    admin: createHttp(listening.url, { token: ADMIN_TOKEN }),
    logs: () => lines.join(""),
    close: () => running.disposeAsync(),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
    stores,
  }
}

/**
 * A new queue's schedule begins with two reconciliations, of what is recent and of all. Later they would find what a
 * test has done before its events do. The next ones are minutes away.
 */
async function untilReconciled(lines: readonly string[]): Promise<void> {
  const done = () => lines.filter((line) => /"event":"billing_(?:reconciled|failed)"/.test(line)).length
  await vi.waitUntil(() => done() >= 2, { timeout: PATIENCE_MS, interval: 20 })
}

export const ADMIN_TOKEN = "an-admin-token-that-is-long-enough-to-be-one"

/** What the simulator signs events with. */
export const WEBHOOK_SECRET = "whsec_tests"

type StoreOptions = Pick<TestAppOptions, "stripe" | "databaseUrl" | "redisUrl"> & { pooler?: Pooler }

async function openStores(
  stack: AsyncDisposableStack,
  { stripe: withStripe, databaseUrl, redisUrl, pooler }: StoreOptions,
): Promise<Stores> {
  const database = databaseUrl ? await useDatabase(databaseUrl, pooler) : await createTestDatabase()
  stack.defer(() => database.drop())
  const gemini = await startGeminiSimulator({ chunkDelayMs: 0 })
  stack.defer(() => gemini.close())
  const stripe = withStripe ? await startStripeSimulator() : null
  stack.defer(() => stripe?.close())
  return {
    database,
    gemini,
    stripe,
    redisUrl: redisUrl ?? (process.env.TEST_BACKEND === "redis" ? await takeRedis() : null),
  }
}

/** A number of Redis's that no other test file uses: pub/sub is shared, but its channels name unique ids. */
async function takeRedis(): Promise<string> {
  const url = new URL(inject("redisUrl") as string)
  const client = new Redis(url.href)
  url.pathname = `/${await client.incr("next-database")}`
  client.disconnect()
  return url.href
}

/**
 * Bounds that only a busy machine hits, far away, and the time of a failed login, which many tests would wait for. A test
 * that is about one of them gives it.
 */
const USUAL_TIMING: DeepPartial<Timing> = {
  auth: { hashWaitMs: MINUTE, confirmTimeoutMs: MINUTE, failedLoginMs: 0 },
  postgres: { connectTimeoutMs: MINUTE, statementTimeoutMs: MINUTE },
  redis: { commandTimeoutMs: MINUTE },
  replies: { batchWaitMs: MINUTE },
  billing: { checkoutWaitMs: MINUTE, requestMs: MINUTE },
}

/** Nobody listens there. */
const NOWHERE = "http://127.0.0.1:9"

function defaultConfig({ database, redisUrl, gemini, stripe }: Stores): CompleteConfig {
  const config = readConfig({
    NODE_ENV: "test",
    HOST: "127.0.0.1",
    PORT: "0",
    DATABASE_URL: database.url,
    ...(redisUrl ? { REDIS_URL: redisUrl } : {}),
    JWT_SECRET: "a secret for tests, as long as it must be",
    GEMINI_API_KEY: "test-key",
    GEMINI_BASE_URL: gemini.url,
    STRIPE_SECRET_KEY: "sk_test_tests",
    STRIPE_WEBHOOK_SECRET: WEBHOOK_SECRET,
    STRIPE_PRICE_PRO: PRO_PRICE,
    STRIPE_BASE_URL: stripe?.url ?? NOWHERE,
    ADMIN_TOKEN,
    RATE_LIMIT_SCALE: "1000",
    // PostgreSQL starts a process for each, and most tests have few requests at once.
    DATABASE_POOL: "4",
    // Calls and events of their own, at a moment of their own: on in tests that are about them.
    GEMINI_TITLES: "false",
    GEMINI_SUMMARIES: "false",
  })
  return merge(config as CompleteConfig, { password: { bcryptCost: 4 } })
}

function merge<T extends object>(base: T, change: DeepPartial<T>): T {
  const merged = { ...base } as Record<string, unknown>
  for (const [key, value] of Object.entries(change)) {
    const before = merged[key]
    merged[key] = isRecord(before) && isRecord(value) ? merge(before, value) : value
  }
  return merged as T
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

export interface SignedIn {
  /** With the user's token. */
  http: Http
  token: string
  refreshToken: string
  mobileNumber: string
  user: { id: string; mobileNumber: string; name: string | null; tier: string }
}

const FIRST_NUMBER = 2_000_000
const NUMBERS = 8_000_000
/** Leads through all of them, and each time to another range: codes are counted by range, too. */
const STEP = 10_007

let nextNumber = randomInt(NUMBERS)

/** A number in the United States that no other user of this process has. */
export function newMobileNumber(): string {
  nextNumber = (nextNumber + STEP) % NUMBERS
  return `+1202${FIRST_NUMBER + nextNumber}`
}

/** Signs up and in by a code, over HTTP. */
export async function signIn(
  app: TestApp,
  { mobileNumber = newMobileNumber() }: { mobileNumber?: string } = {},
): Promise<SignedIn> {
  await app.http.post("/auth/signup", { mobileNumber })
  const sent = await app.http.post("/auth/send-otp", { mobileNumber })
  const verified = await app.http.post("/auth/verify-otp", { mobileNumber, otp: sent.body.otp })
  if (verified.status !== 200)
    throw new Error(`sign-in failed: ${JSON.stringify([sent.body, verified.body])}`)
  return { ...verified.body, mobileNumber, http: createHttp(app.url, { token: verified.body.token }) }
}
