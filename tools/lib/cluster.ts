import { join } from "node:path"
import pg from "pg"
import { startGeminiSimulator } from "../../simulators/gemini/server.ts"
import { postgresOptions } from "../../src/config/postgres.ts"
import { TIMING } from "../../src/config/timing.ts"
import { SECOND } from "../../src/utils/time.ts"
import { type Attempts, createAttempts } from "./attempts.ts"
import { type Child, type LogLine, startChild } from "./child.ts"
import { freePort } from "./redis-server.ts"
import type { Stores } from "./stores.ts"
import { createTaskEnds, type TaskEnds } from "./task-ends.ts"
import { endsWithin } from "./until.ts"

/** One part of the service, which may be killed and started again. */
export type Service = ReturnType<typeof createService>

/** The longest drills make fewer calls to Gemini, and all of them are held against what is stored. */
const KEPT_CALLS = 200_000

export type Cluster = Awaited<ReturnType<typeof startCluster>>

export interface ClusterOptions {
  stores: Stores
  /** For the processes' logs and what they keep. */
  folder: string
  apis?: number
  workers?: number
  env?: Record<string, string>
}

/** The contract's: running replies included, everything ends within 10 s. */
export const STOP_WITHIN_MS = TIMING.shutdown.killMs

/**
 * Starts API and worker processes on one database, as in production, with a simulated Gemini. All ends with `stack`, by
 * force where it must.
 */
export async function startCluster(stack: AsyncDisposableStack, options: ClusterOptions) {
  const gemini = await startGeminiSimulator({ chunkDelayMs: 30, keptCalls: KEPT_CALLS })
  stack.defer(() => gemini.close())
  const pool = new pg.Pool({ ...postgresOptions(options.stores.databaseUrl), max: 4 })
  pool.on("error", () => undefined)
  stack.defer(() => pool.end())
  const attempts = createAttempts()
  const taskEnds = createTaskEnds()
  const deaths: string[] = []
  const { folder } = options
  const create = (name: string, entry: string, own: Record<string, string>, url: string | null) => {
    const env = { ...environment(options, gemini.url), ...options.env, ...own }
    const service = createService({ folder, attempts, taskEnds, deaths, name, entry, env, url })
    stack.defer(() => service.kill())
    return service
  }
  const apis: Service[] = []
  for (let i = 1; i <= (options.apis ?? 1); i++) {
    const PORT = String(await freePort())
    apis.push(create(`api-${i}`, "src/server.ts", { ROLE: "api", PORT }, `http://127.0.0.1:${PORT}`))
  }
  const workers = Array.from({ length: options.workers ?? 2 }, (_, i) =>
    create(`worker-${i + 1}`, "src/worker.ts", {}, null),
  )
  const services = [...apis, ...workers]
  const start = async () => void (await Promise.all(services.map((service) => service.start())))
  await start()
  return {
    apis,
    workers,
    /** All of them. */
    services,
    gemini,
    pool,
    attempts,
    taskEnds,
    /** Processes that ended unasked so far, in words. */
    deaths,
    start,
    /** Ends all processes in order. @returns what did not end in order, in words */
    stop: async () => (await Promise.all(services.map(stopInOrder))).flat(),
  }
}

function environment({ stores, folder }: ClusterOptions, geminiUrl: string): Record<string, string> {
  return {
    HOST: "127.0.0.1",
    DATA_DIR: folder,
    DATABASE_URL: stores.databaseUrl,
    ...(stores.redisUrl ? { REDIS_URL: stores.redisUrl } : {}),
    JWT_SECRET: "a secret for drills, as long as it must be",
    GEMINI_API_KEY: "drill",
    GEMINI_BASE_URL: geminiUrl,
    // Drills wait for what a silence becomes.
    GEMINI_FIRST_CHUNK_SECONDS: "30",
    GEMINI_IDLE_SECONDS: "30",
    OTP_DELIVERY: "response",
    // The ends of titles and summaries, too.
    LOG_LEVEL: "debug",
    // One worker alone can make all replies: what a takeover waits for is to be notice, not room.
    WORKER_CONCURRENCY: "64",
    // The quota must be counted, not met; and a drill is more than a person's traffic.
    BASIC_DAILY_PROMPTS: "1000000",
    BASIC_DAILY_WEB_SEARCHES: "1000000",
    // Rooms may choose another model, and titles are made by the cheaper one: the books have more than one account.
    GEMINI_MODELS: "gemini-3.8-flash,gemini-3.5-flash-lite",
    RATE_LIMIT_SCALE: "10000",
    STREAMS_PER_USER: "10000",
  }
}

/** Tries that end at once are repeated for this long. */
const START_WITHIN_MS = 30 * SECOND

interface Blueprint {
  folder: string
  attempts: Attempts
  taskEnds: TaskEnds
  deaths: string[]
  name: string
  entry: string
  env: Record<string, string>
  url: string | null
}

function createService({ folder, attempts, taskEnds, deaths, name, entry, env, url }: Blueprint) {
  const logFile = join(folder, `${name}.log`)
  let current: Child | undefined
  let ready = false
  const child = () => {
    if (!current) throw new Error(`${name} was never started`)
    return current
  }
  const startOnce = async (clockShiftMs: number) => {
    ready = false
    let pid = 0
    const shift = { DRILL_CLOCK_SHIFT_MS: String(clockShiftMs) }
    const clock =
      clockShiftMs === 0 ? { env } : { env: { ...env, ...shift }, flags: [`--import=${SHIFTED_CLOCK}`] }
    const onLog = (line: LogLine) => {
      attempts.see(pid, unshifted(line, clockShiftMs))
      taskEnds.see(line)
    }
    const started = startChild({ entry, ...clock, cwd: folder, logFile, onLog })
    pid = started.pid
    current = started
    void started.ended.then(({ code, signal }) => {
      if (ready && current === started && !started.isUnwanted())
        deaths.push(`${name} ended by itself: ${signal ?? `exit code ${code}`}`)
    })
    await started.printed(url ? "Listening on" : "The worker is running")
    ready = true
  }
  return {
    name,
    /** For clients; null for a worker. */
    url,
    /** The process of now. */
    child,
    isReady: () => ready && child().isAlive(),
    kill: async () => void (await current?.kill("SIGKILL")),
    /** Starts a process and waits until it works. Its clock goes ahead of the machine's by `clockShiftMs`. */
    async start({ clockShiftMs = 0 } = {}): Promise<void> {
      // As a supervisor does, where a start fails because the database goes away in the middle of it.
      const deadline = performance.now() + START_WITHIN_MS
      for (;;) {
        try {
          return await startOnce(clockShiftMs)
        } catch (error) {
          if (performance.now() > deadline || current?.isAlive() || current?.isUnwanted()) throw error
        }
      }
    },
  }
}

const SHIFTED_CLOCK = new URL("./shifted-clock.ts", import.meta.url).href

/** The line with the time of our clock. */
function unshifted(line: LogLine, clockShiftMs: number): LogLine {
  if (clockShiftMs === 0) return line
  return { ...line, time: new Date(Date.parse(line.time) - clockShiftMs).toISOString() }
}

/** SIGTERM. @returns what went wrong, in words */
export async function stopInOrder(service: Service): Promise<string[]> {
  const ended = service.child().kill("SIGTERM")
  const inTime = await endsWithin(STOP_WITHIN_MS, ended)
  if (!inTime) return [`${service.name} still ran ${STOP_WITHIN_MS / SECOND} s after SIGTERM`]
  const { code, signal } = await ended
  return code === 0 ? [] : [`${service.name} ended with ${signal ?? `exit code ${code}`}`]
}
