import {
  createPostgresBackend,
  DelayedError,
  type Job,
  type JobsOptions,
  type Processor,
  Queue,
  type RepeatOptions,
  runMigrations,
  UnrecoverableError,
  Worker,
  type WorkerOptions,
  withBackend,
} from "bullmq"
import pg from "pg"
import type { Logger } from "../../config/logger.ts"
import { postgresOptions } from "../../config/postgres.ts"
import { createRedisStore } from "../../config/redis.ts"
import { connect, isCluster } from "../../config/redis-connection.ts"
import type { Timing } from "../../config/timing.ts"
import { pause } from "../../utils/time.ts"
import type { Context } from "../context.ts"

/** Where queues live: a Redis or, in embedded mode, the PostgreSQL. */
export interface QueueStore {
  redisUrl: string | null
  databaseUrl: string
}

export interface NewJob<T> {
  name: string
  data: T
  opts: JobsOptions
}

/** A BullMQ queue on either store. Jobs are hints: what must happen is in the database. */
export interface JobQueue<T> {
  add(name: string, data: T, options: JobsOptions): Promise<void>
  /** Adds them in their order and in one command; one that fails may have added some. */
  addAll(jobs: NewJob<T>[]): Promise<void>
  /** Makes a job again and again; one for each `id`, whoever asks and however often. */
  repeat(id: string, every: RepeatOptions, job: NewJob<T>): Promise<void>
  /**
   * For `ms` no worker takes a job of it, in any process; one that is under way goes on. Heeded by the workers that
   * were opened with `pausable`.
   */
  pause(ms: number): Promise<void>
  /** How many jobs it holds, by state. @throws when its store doesn't answer */
  counts(): Promise<Record<string, number>>
  /** Whether the queue's store answers. */
  ping(): Promise<boolean>
  close(): Promise<void>
}

export async function openJobQueue<T extends object>(
  name: string,
  { redisUrl, databaseUrl }: QueueStore,
  timing: Timing,
  log: Logger,
): Promise<JobQueue<T>> {
  return redisUrl ? openRedisQueue(name, redisUrl, timing, log) : openPostgresQueue(name, databaseUrl, log)
}

/** BullMQ's name for all keys of a queue. On a cluster the braces keep them in one slot, as its scripts need. */
export function queuePrefix(redisUrl: string): string {
  return isCluster(redisUrl) ? "{bull}" : "bull"
}

/** Jobs that have ended are removed. */
const COUNTED = ["prioritized", "waiting", "active", "delayed"] as const

/** A BullMQ queue whose first words to Redis went unanswered never recovers, so it is made when Redis is there. */
function openRedisQueue<T extends object>(
  name: string,
  url: string,
  { redis: { cooldownMs }, queue: { commandTimeoutMs } }: Timing,
  log: Logger,
): JobQueue<T> {
  const redis = createRedisStore(url, log, { commandTimeoutMs, cooldownMs }, { autoPipelining: false })
  const prefix = queuePrefix(url)
  let queue: Queue | null = null
  const open = () => {
    const opened = new Queue(name, { connection: redis.client, prefix, skipWaitingForReady: true })
    return opened.on("error", (err) => log.debug({ err }, "queue connection lost"))
  }
  const call = <R>(command: (queue: Queue) => Promise<R>) =>
    redis.call(async () => {
      queue ??= open()
      const used = queue
      return command(used).catch((error: unknown) => {
        if (queue === used) queue = null
        void used.close().catch(() => undefined)
        throw error
      })
    })
  return {
    add: async (job, data, options) => void (await call((opened) => opened.add(job, data, options))),
    addAll: async (jobs) => void (await call((opened) => opened.addBulk(jobs))),
    repeat: async (id, every, job) =>
      void (await call((opened) => opened.upsertJobScheduler(id, every, job))),
    pause: async (ms) => void (await call((opened) => opened.rateLimit(ms))),
    counts: () => call((opened) => opened.getJobCounts(...COUNTED)),
    ping: () =>
      redis
        // Of a cluster, the part that holds the queue must answer.
        .call((client) => client.exists(`${prefix}:${name}:meta`))
        .then(
          () => true,
          () => false,
        ),
    async close() {
      await queue?.close()
      await redis.close()
    },
  }
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const INSUFFICIENT_PRIVILEGE = "42501"

/** BullMQ's classes on its PostgreSQL backend. */
export const OnPostgres = withBackend(createPostgresBackend)

async function openPostgresQueue<T extends object>(
  name: string,
  url: string,
  log: Logger,
): Promise<JobQueue<T>> {
  await migrateQueues(url)
  const pool = createQueuePool(url, 2)
  const queue = new OnPostgres.Queue(name, { connection: pool })
  queue.on("error", (err) => log.debug({ err }, "queue connection lost"))
  return {
    add: async (job, data, options) => void (await queue.add(job, data, options)),
    async addAll(jobs) {
      try {
        await queue.addBulk(jobs)
      } catch (error) {
        // BullMQ makes temporary tables for that, which not every account may.
        if ((error as { code?: unknown }).code !== INSUFFICIENT_PRIVILEGE) throw error
        await Promise.all(jobs.map(({ name, data, opts }) => queue.add(name, data, opts)))
      }
    },
    repeat: async (id, every, job) => void (await queue.upsertJobScheduler(id, every, job)),
    pause: (ms) => queue.rateLimit(ms),
    counts: () => queue.getJobCounts(...COUNTED),
    ping: () =>
      queue.getWaitingCount().then(
        () => true,
        () => false,
      ),
    async close() {
      await queue.close()
      await pool.end()
    },
  }
}

/** BullMQ's own pool wouldn't find the primary among several hosts. */
function createQueuePool(url: string, max: number): pg.Pool {
  // BullMQ's statements don't name the schema of its tables.
  return new pg.Pool({ ...postgresOptions(url), max, keepAlive: true, options: "-c search_path=bullmq" })
}

/** Brings BullMQ's own tables up to date, in a schema of their own. */
async function migrateQueues(url: string): Promise<void> {
  const { Client, ...options } = postgresOptions(url)
  const client = new Client(options)
  await client.connect()
  try {
    await runMigrations(client)
  } finally {
    await client.end()
  }
}

/** Queues for a person to look into, on connections of their own, opened when they are first asked for. */
export function createInspector(names: readonly string[], store: QueueStore, log: Logger) {
  let opened: ReturnType<typeof openInspector> | undefined
  return {
    queues(): Queue[] {
      opened ??= openInspector(names, store, log)
      return opened.queues
    },
    close: async () => opened?.close(),
  }
}

function openInspector(names: readonly string[], { redisUrl, databaseUrl }: QueueStore, log: Logger) {
  const onError = (err: Error) => log.debug({ err }, "queue connection lost")
  if (redisUrl) {
    const connection = connect(redisUrl, log, { maxRetriesPerRequest: 1 })
    const prefix = queuePrefix(redisUrl)
    const queues = names.map((name) => new Queue(name, { connection, prefix }).on("error", onError))
    return {
      queues,
      async close() {
        await Promise.all(queues.map((queue) => queue.close()))
        connection.disconnect()
      },
    }
  }
  const pool = createQueuePool(databaseUrl, 2)
  // The same methods on another store; the types differ in what is behind them.
  const queues = names.map(
    (name) => new OnPostgres.Queue(name, { connection: pool }).on("error", onError) as unknown as Queue,
  )
  return {
    queues,
    async close() {
      await Promise.all(queues.map((queue) => queue.close()))
      await pool.end()
    },
  }
}

const workerOptions = ({ lockMs, stalledCheckMs, longestPauseMs }: Timing["queue"]) =>
  ({
    lockDuration: lockMs,
    stalledInterval: stalledCheckMs,
    // The rows decide when something has failed; how often its workers died is for them to count.
    maxStalledCount: 1_000,
    maximumRateLimitDelay: longestPauseMs,
  }) satisfies Omit<WorkerOptions, "connection">

/** BullMQ's workers look for a rest only where jobs are counted, too: by a count that is never reached. */
export const pausable = ({ queue }: Timing) => ({
  limiter: { max: 1_000_000_000, duration: queue.limiterMs },
})

/** The job is to be run again, without a failure. */
export interface Delay {
  inMs: number
}

/** What a worker does for a job. It leaves the queue alone: where that doesn't answer, a worker must be able to stop. */
export type Work<T> = (job: Job<T>) => Promise<Delay | null>

/**
 * BullMQ keeps a failure's message and its stack where others read them, and in its log of events for good: of an error
 * only its code is left. What a provider or a database says may quote a prompt, a number or our key.
 */
function toProcessor<T>(work: Work<T>): Processor<T, void> {
  return async (job, token) => {
    try {
      const again = await work(job)
      if (!again) return
      await job.moveToDelayed(Date.now() + again.inMs, token)
      throw new DelayedError()
    } catch (error) {
      // BullMQ's own, which are thrown for what they make it do.
      if (error instanceof DelayedError || error instanceof UnrecoverableError) throw error
      const { code, name } = error as { code?: unknown; name?: unknown }
      throw new Error(String(code ?? name))
    }
  }
}

/** Runs `work` for the jobs of queue `name`. Closing lets those under way end, also when the store doesn't answer. */
export function openJobWorker<T extends object>(
  name: string,
  { redisUrl, databaseUrl }: QueueStore,
  { timing, log }: Pick<Context, "timing" | "log">,
  work: Work<T>,
  options: Omit<WorkerOptions, "connection">,
): { close(): Promise<void> } {
  const inFlight = trackInFlight(work)
  const process = toProcessor(inFlight.work)
  const all = { ...workerOptions(timing.queue), ...options }
  const onError = (err: Error) => log.debug({ err }, "queue connection lost")
  if (!redisUrl) {
    // One of them listens.
    const pool = createQueuePool(databaseUrl, 5)
    const worker = new OnPostgres.Worker<T, void>(name, process, { connection: pool, ...all })
    worker.on("error", onError)
    return {
      async close() {
        await worker.close()
        await pool.end()
      },
    }
  }
  const connection = connect(redisUrl, log, { maxRetriesPerRequest: null })
  const prefix = queuePrefix(redisUrl)
  const worker = new Worker<T, void>(name, process, { connection, prefix, ...all }).on("error", onError)
  return {
    async close() {
      // Without a Redis it waits for one for ever.
      await Promise.race([worker.close(), inFlight.ended(timing.shutdown.jobsMs)])
      connection.disconnect()
    },
  }
}

/** Counts what is under way of `work`. */
function trackInFlight<T>(work: Work<T>): { work: Work<T>; ended(quietMs: number): Promise<void> } {
  const running = new Set<Promise<unknown>>()
  return {
    async work(job) {
      const run = work(job)
      running.add(run)
      return run.finally(() => running.delete(run))
    },
    /** Resolves when all has ended and nothing has begun for `quietMs`: a job that was just fetched is run yet. */
    async ended(quietMs) {
      do {
        await Promise.allSettled(running)
        await pause(quietMs)
      } while (running.size > 0)
    },
  }
}
