import { z } from "zod"
import type { Logger } from "../../../config/logger.ts"
import type { Timing } from "../../../config/timing.ts"
import { createMicroBatch } from "../../../utils/micro-batch.ts"
import type { MessageKey } from "../../chat/message-record.ts"
import { type JobQueue, type NewJob, openJobQueue } from "../../platform/job-queue.ts"
import type { QueueStore } from "../../platform/queue-store.ts"

/** The brief's name. */
export const QUEUE_NAME = "gemini-queue"

/** What a job carries: which reply to make, never text. */
export const JobPayload = z.object({ userId: z.uuid(), messageId: z.uuid() })
export type JobPayload = z.infer<typeof JobPayload>

/** The brief's. The reply's row counts too, and its word is final. */
export const MAX_ATTEMPTS = 3

/**
 * Finished jobs are removed one by one: bounds by count or age deadlock on BullMQ's PostgreSQL backend, and a job
 * that stays would keep its id from being enqueued again. What became of a reply is in its row.
 */
const jobOptionsOf = ({ replies }: Timing) => ({
  attempts: MAX_ATTEMPTS,
  backoff: { type: "exponential", delay: replies.firstRetryMs },
  removeOnComplete: true,
  removeOnFail: true,
})

export interface EnqueueOptions {
  /** How many of the user's replies are enqueued, this one included. */
  inFlight: number
  /**
   * Distinguishes jobs for the same reply. The job of a dead worker stays active for seconds, and until then its id
   * can't be used again.
   */
  dedupeKey?: string
}

/** BullMQ's; higher numbers are taken later. */
const MAX_PRIORITY = 2_097_152

/** From here on a user's replies have one priority, oldest first; counting on would cost more at every prompt. */
const MAX_IN_FLIGHT = 32

/** Returns `EnqueueOptions.inFlight` of a user: each room has at most one enqueued reply. */
export function IN_FLIGHT_SQL(userId: string): string {
  return `(SELECT count(*)::int FROM (
    SELECT 1 FROM chatrooms WHERE user_id = ${userId} AND active_reply_id IS NOT NULL LIMIT ${MAX_IN_FLIGHT}
  ) AS counted)`
}

export interface ReplyQueue extends Pick<JobQueue<JobPayload>, "pause" | "counts" | "fault" | "close"> {
  /**
   * Tells the workers to make a reply. The job's id is the reply's, so enqueueing it twice makes one job.
   * Workers take the replies of all users in turn: users with more replies in flight come later.
   */
  enqueue(reply: MessageKey, options: EnqueueOptions): Promise<void>
}

/** A larger command would delay the other commands to the store. */
const MAX_BATCH = 64

export async function createReplyQueue(store: QueueStore, timing: Timing, log: Logger): Promise<ReplyQueue> {
  const jobOptions = jobOptionsOf(timing)
  const queue = await openJobQueue<JobPayload>(QUEUE_NAME, store, timing, log)
  const microBatch = createMicroBatch<NewJob<JobPayload>, void>({
    run: async (jobs) => {
      const [only] = jobs
      if (only && jobs.length === 1) await queue.add(only.name, only.data, only.opts)
      else await queue.addAll(jobs)
      return []
    },
    maxSize: MAX_BATCH,
    maxRunning: 1,
  })
  return { ...queue, enqueue: (reply, options) => microBatch.add(toJob(reply, options, jobOptions)) }
}

function toJob(
  { userId, id }: MessageKey,
  { inFlight, dedupeKey }: EnqueueOptions,
  jobOptions: ReturnType<typeof jobOptionsOf>,
): NewJob<JobPayload> {
  const jobId = dedupeKey === undefined ? id : `${id}.${dedupeKey}`
  const priority = Math.min(Math.max(1, inFlight), MAX_PRIORITY)
  return { name: "reply", data: { userId, messageId: id }, opts: { ...jobOptions, jobId, priority } }
}
