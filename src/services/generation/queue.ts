import { createPostgresBackend, type JobsOptions, Queue, runMigrations, withBackend } from "bullmq"
import pg from "pg"
import { z } from "zod"
import type { Logger } from "../../config/logger.ts"
import { createRedisStore } from "../../config/redis.ts"
import { SECOND } from "../../utils/time.ts"

/** The brief's name. */
export const QUEUE_NAME = "gemini-queue"

/** What a job carries: the id of the reply to make, never text. */
export const JobPayload = z.object({ messageId: z.uuid() })
export type JobPayload = z.infer<typeof JobPayload>

/** The brief's: up to 3 attempts, exponential from 2 s. The reply's row counts too, and its word is final. */
export const MAX_ATTEMPTS = 3
export const FIRST_RETRY_MS = 2 * SECOND

/**
 * Finished jobs are removed one by one: bounds by count or age deadlock on BullMQ's PostgreSQL backend, and a job
 * that stays would keep its id from being enqueued again. What became of a reply is in its row.
 */
const JOB_OPTIONS = {
  attempts: MAX_ATTEMPTS,
  backoff: { type: "exponential", delay: FIRST_RETRY_MS },
  removeOnComplete: true,
  removeOnFail: true,
}

/** Where the queue lives: a Redis or, in embedded mode, the PostgreSQL. */
export interface QueueStore {
  redisUrl: string | null
  databaseUrl: string
}

export interface EnqueueHint {
  /** How many replies of this user's are queued or running, this one included. */
  underWay: number
  /**
   * Why the reply is enqueued once more. A job whose worker has died counts as active for seconds yet, and its id
   * can't be used again, so each occasion has an id of its own.
   */
  occasion?: string
}

/** BullMQ's; higher numbers are taken later. */
const MAX_PRIORITY = 2_097_152

/** Who has this many under way is last in any case; counting on would cost more at every prompt. */
const MOST_UNDER_WAY = 20

/** `EnqueueHint.underWay` of a user: each room has at most one reply that is enqueued. */
export function UNDER_WAY_SQL(userId: string): string {
  return `(SELECT count(*)::int FROM (
    SELECT 1 FROM chatrooms WHERE user_id = ${userId} AND active_reply_id IS NOT NULL LIMIT ${MOST_UNDER_WAY}
  ) AS counted)`
}

export interface GenerationQueue {
  /**
   * Hints to the workers that a reply is to be made. The job's id is the reply's, so doing it twice makes one job.
   * Workers take the replies of all users in turn: one that has more under way comes later.
   */
  enqueue(replyId: string, hint: EnqueueHint): Promise<void>
  /** Whether the queue's store answers. */
  ping(): Promise<boolean>
  close(): Promise<void>
}

export async function createGenerationQueue(store: QueueStore, log: Logger): Promise<GenerationQueue> {
  return store.redisUrl ? createRedisQueue(store.redisUrl, log) : createPostgresQueue(store.databaseUrl, log)
}

/** No request waits for the queue, and a reply whose job is given up on waits for the sweep: patience pays here. */
const COMMAND_TIMEOUT_MS = 2 * SECOND

/** A BullMQ queue whose first words to Redis went unanswered never recovers, so it is made when Redis is there. */
function createRedisQueue(url: string, log: Logger): GenerationQueue {
  const redis = createRedisStore(url, log, { autoPipelining: false, commandTimeoutMs: COMMAND_TIMEOUT_MS })
  let queue: Queue<JobPayload> | null = null
  const open = () => {
    const opened = new Queue<JobPayload>(QUEUE_NAME, { connection: redis.client, skipWaitingForReady: true })
    return opened.on("error", (err) => log.debug({ err }, "queue connection lost"))
  }
  return {
    enqueue: (replyId, hint) =>
      redis.call(async () => {
        queue ??= open()
        const used = queue
        await add(used, replyId, hint).catch((error: unknown) => {
          if (queue === used) queue = null
          void used.close().catch(() => undefined)
          throw error
        })
      }),
    ping: () =>
      redis
        .call((client) => client.ping())
        .then(
          (pong) => pong === "PONG",
          () => false,
        ),
    async close() {
      await queue?.close()
      await redis.close()
    },
  }
}

async function createPostgresQueue(url: string, log: Logger): Promise<GenerationQueue> {
  await migrateQueue(url)
  const queue = new OnPostgres.Queue<JobPayload>(QUEUE_NAME, {
    connection: { connectionString: url, max: 2 },
  })
  queue.on("error", (err) => log.debug({ err }, "queue connection lost"))
  return {
    enqueue: (replyId, hint) => add(queue, replyId, hint),
    ping: () =>
      queue.getWaitingCount().then(
        () => true,
        () => false,
      ),
    close: () => queue.close(),
  }
}

/** BullMQ's classes on its PostgreSQL backend. */
export const OnPostgres = withBackend(createPostgresBackend)

/** Brings BullMQ's own tables up to date, in a schema of their own. */
async function migrateQueue(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await runMigrations(client)
  } finally {
    await client.end()
  }
}

interface Adds {
  add(name: string, data: JobPayload, options: JobsOptions): Promise<unknown>
}

async function add(queue: Adds, replyId: string, { underWay, occasion }: EnqueueHint): Promise<void> {
  const jobId = occasion === undefined ? replyId : `${replyId}.${occasion}`
  await queue.add(
    "reply",
    { messageId: replyId },
    { ...JOB_OPTIONS, jobId, priority: Math.min(Math.max(1, underWay), MAX_PRIORITY) },
  )
}
