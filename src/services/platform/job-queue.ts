import { type JobsOptions, Queue, type RepeatOptions } from "bullmq"
import type pg from "pg"
import type { Logger } from "../../config/logger.ts"
import { createRedisStore } from "../../config/redis.ts"
import type { Timing } from "../../config/timing.ts"
import { borrow, logConnectionErrors, OnPostgres, type QueueStore, queuePrefix } from "./queue-store.ts"

export interface NewJob<T> {
  name: string
  data: T
  opts: JobsOptions
}

/** `full`: of what `maxmemory` allows. `read-only`: a replica, or a primary that can't save or has lost its replicas. */
export type QueueFault = "unreachable" | "full" | "read-only" | "refuses"

/** A BullMQ queue on either store. Jobs are hints: the database says what must be done. */
export interface JobQueue<T> {
  add(name: string, data: T, options: JobsOptions): Promise<void>
  /** Adds the jobs in their order with one command. A command that fails may have added some. */
  addAll(jobs: NewJob<T>[]): Promise<void>
  /** Schedules a repeated job. Calling it again with the same `id` replaces the schedule. */
  repeat(id: string, every: RepeatOptions, job: NewJob<T>): Promise<void>
  /** Stops workers in all processes from fetching jobs for `ms`. Only workers opened with `pausable` honor it. */
  pause(ms: number): Promise<void>
  /** Counts the jobs by state. @throws when the store doesn't respond */
  counts(): Promise<Record<string, number>>
  /** Finds out why the queue wouldn't take a job now; null: it would. */
  fault(): Promise<QueueFault | null>
  close(): Promise<void>
}

export async function openJobQueue<T extends object>(
  name: string,
  store: QueueStore,
  timing: Timing,
  log: Logger,
): Promise<JobQueue<T>> {
  return store.redisUrl === null
    ? openPostgresQueue(name, store.pool, log)
    : openRedisQueue(name, store.redisUrl, timing, log)
}

/** The states that are counted. Completed and failed jobs are removed at once. */
const COUNTED = ["prioritized", "waiting", "active", "delayed"] as const

/** Opens the queue on first use: a BullMQ queue whose first command Redis didn't answer never recovers. */
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
    return opened.on("error", logConnectionErrors(log))
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
    // By a write, because a full or read-only Redis still answers reads. On a cluster, this asks the node of the queue.
    fault: () =>
      redis
        .call((client) => client.set(`${prefix}:${name}:health`, "", "PX", commandTimeoutMs))
        .then(() => null, faultOf),
    async close() {
      await queue?.close()
      await redis.close()
    },
  }
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const INSUFFICIENT_PRIVILEGE = "42501"

async function openPostgresQueue<T extends object>(
  name: string,
  pool: pg.Pool,
  log: Logger,
): Promise<JobQueue<T>> {
  const queue = await openQueue(name, pool, log)
  return {
    add: async (job, data, options) => void (await queue.add(job, data, options)),
    async addAll(jobs) {
      try {
        await queue.addBulk(jobs)
      } catch (error) {
        // BullMQ uses temporary tables here, which not every database role may create.
        if ((error as { code?: unknown }).code !== INSUFFICIENT_PRIVILEGE) throw error
        await Promise.all(jobs.map(({ name, data, opts }) => queue.add(name, data, opts)))
      }
    },
    repeat: async (id, every, job) => void (await queue.upsertJobScheduler(id, every, job)),
    pause: (ms) => queue.rateLimit(ms),
    counts: () => queue.getJobCounts(...COUNTED),
    // Whether PostgreSQL takes writes is seen by the heartbeats.
    fault: () =>
      queue.getWaitingCount().then(
        () => null,
        () => "unreachable",
      ),
    close: () => queue.close(),
  }
}

/** Opens a queue whose first connection succeeded: BullMQ never makes another one. @throws the database's error */
async function openQueue(name: string, pool: pg.Pool, log: Logger): Promise<Queue> {
  const connection = borrow(pool)
  const queue = new OnPostgres.Queue(name, { connection }).on("error", logConnectionErrors(log))
  try {
    await queue.waitUntilReady()
    return queue as unknown as Queue
  } catch (error) {
    await queue.close()
    throw error
  }
}

/** Redis puts the error code into the first word of the message. */
function faultOf(error: Error): QueueFault {
  if (error.name !== "ReplyError") return "unreachable"
  const [code = ""] = error.message.split(" ", 1)
  if (code === "OOM") return "full"
  return ["READONLY", "MISCONF", "NOREPLICAS"].includes(code) ? "read-only" : "refuses"
}
