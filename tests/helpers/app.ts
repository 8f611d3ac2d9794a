import { randomInt } from "node:crypto"
import { Redis } from "ioredis"
import type pg from "pg"
import { inject } from "vitest"
import { type GeminiSimulator, startGeminiSimulator } from "../../simulators/gemini/server.ts"
import { type CompleteConfig, readConfig } from "../../src/config/env.ts"
import { createLogger } from "../../src/config/logger.ts"
import { createContext } from "../../src/context.ts"
import { listen } from "../../src/listen.ts"
import type { Context } from "../../src/services/context.ts"
import { startWorker } from "../../src/services/generation/worker.ts"
import { createTestDatabase, type TestDatabase } from "./database.ts"
import { createHttp, type Http } from "./http.ts"

type DeepPartial<T> = { [K in keyof T]?: T[K] extends object ? DeepPartial<T[K]> : T[K] }

export interface TestAppOptions {
  config?: DeepPartial<CompleteConfig>
  /** Several apps on one database (and one Redis) are several processes of one service. */
  beside?: TestApp
  /** false: an API process without a worker. */
  worker?: boolean
}

/** The real app on a database of its own, with a simulated Gemini. */
export interface TestApp {
  url: string
  ctx: Context
  pool: pg.Pool
  gemini: GeminiSimulator
  http: Http
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
}

export async function startTestApp({
  config: overrides = {},
  beside,
  worker = true,
}: TestAppOptions = {}): Promise<TestApp> {
  await using starting = new AsyncDisposableStack()
  const stores = beside?.stores ?? (await openStores(starting))
  const config = merge(defaultConfig(stores), overrides)
  const lines: string[] = []
  const log = createLogger("debug", { write: (line: string) => void lines.push(line) })
  const owned = await createContext(config, log)
  starting.defer(() => owned.close())
  if (worker) {
    const running = await startWorker(owned.ctx, {
      redisUrl: config.redis.url,
      databaseUrl: config.database.url,
    })
    starting.defer(() => running.close())
  }
  const listening = await listen(owned)
  starting.defer(() => listening.close())
  const running = starting.move()
  return {
    url: listening.url,
    ctx: owned.ctx,
    pool: owned.ctx.db.pool,
    gemini: stores.gemini,
    http: createHttp(listening.url),
    logs: () => lines.join(""),
    close: () => running.disposeAsync(),
    stores,
  }
}

async function openStores(stack: AsyncDisposableStack): Promise<Stores> {
  const database = await createTestDatabase()
  stack.defer(() => database.drop())
  const gemini = await startGeminiSimulator({ chunkDelayMs: 0 })
  stack.defer(() => gemini.close())
  return { database, gemini, redisUrl: process.env.TEST_BACKEND === "redis" ? await takeRedis() : null }
}

/** A number of Redis's that no other test file uses: pub/sub is shared, but its channels name unique ids. */
async function takeRedis(): Promise<string> {
  const url = new URL(inject("redisUrl") as string)
  const client = new Redis(url.href)
  url.pathname = `/${await client.incr("next-database")}`
  client.disconnect()
  return url.href
}

function defaultConfig({ database, redisUrl, gemini }: Stores): CompleteConfig {
  const config = readConfig({
    NODE_ENV: "test",
    HOST: "127.0.0.1",
    PORT: "0",
    DATABASE_URL: database.url,
    ...(redisUrl ? { REDIS_URL: redisUrl } : {}),
    JWT_SECRET: "a secret for tests, as long as it must be",
    GEMINI_API_KEY: "test-key",
    GEMINI_BASE_URL: gemini.url,
    RATE_LIMIT_SCALE: "1000",
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
  token: string
  refreshToken: string
  mobileNumber: string
  user: { id: string; mobileNumber: string; name: string | null; tier: string }
}

/** A number in the United States that no other user of the run has, most likely. */
export function newMobileNumber(): string {
  return `+1202${randomInt(2_000_000, 9_999_999)}`
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
  return { ...verified.body, mobileNumber }
}
