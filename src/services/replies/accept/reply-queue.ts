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
const jobOptions = ({ replies }: Timing) => ({
  attempts: MAX_ATTEMPTS,
  backoff: { type: "exponential", delay: replies.firstRetryMs },
  removeOnComplete: true,
  removeOnFail: true,
})

export interface EnqueueOptions {
  /** How many replies of this user's are queued or running, this one included. */
  inFlight: number
  /**
   * Why the reply is enqueued once more. A job whose worker has died counts as active for seconds yet, and its id
   * can't be used again, so each dedupeKey has an id of its own.
   */
  dedupeKey?: string
}

/** BullMQ's; higher numbers are taken later. */
const MAX_PRIORITY = 2_097_152

/** From here on a user's replies have one priority, oldest first; counting on would cost more at every prompt. */
const MAX_IN_FLIGHT = 100

/** `EnqueueHint.inFlight` of a user: each room has at most one reply that is enqueued. */
export function IN_FLIGHT_SQL(userId: string): string {
  return `(SELECT count(*)::int FROM (
    SELECT 1 FROM chatrooms WHERE user_id = ${userId} AND active_reply_id IS NOT NULL LIMIT ${MAX_IN_FLIGHT}
  ) AS counted)`
}

export interface ReplyQueue extends Pick<JobQueue<JobPayload>, "pause" | "counts" | "ping" | "close"> {
  /**
   * Hints to the workers that a reply is to be made. The job's id is the reply's, so doing it twice makes one job.
   * Workers take the replies of all users in turn: one that has more under way comes later.
   */
  enqueue(reply: MessageKey, hint: EnqueueOptions): Promise<void>
}

/** More in one command to the store would hold up what others want of it. */
const MAX_BATCH = 64

export async function createReplyQueue(store: QueueStore, timing: Timing, log: Logger): Promise<ReplyQueue> {
  const options = jobOptions(timing)
  const queue = await openJobQueue<JobPayload>(QUEUE_NAME, store, timing, log)
  const batches = createMicroBatch<NewJob<JobPayload>, void>({
    run: async (jobs) => {
      const [only] = jobs
      if (only && jobs.length === 1) await queue.add(only.name, only.data, only.opts)
      else await queue.addAll(jobs)
      return []
    },
    maxSize: MAX_BATCH,
    maxRunning: 1,
  })
  return { ...queue, enqueue: (reply, hint) => batches.add(toJob(reply, hint, options)) }
}

function toJob(
  { userId, id }: MessageKey,
  { inFlight, dedupeKey }: EnqueueOptions,
  options: ReturnType<typeof jobOptions>,
): NewJob<JobPayload> {
  const jobId = dedupeKey === undefined ? id : `${id}.${dedupeKey}`
  const priority = Math.min(Math.max(1, inFlight), MAX_PRIORITY)
  return { name: "reply", data: { userId, messageId: id }, opts: { ...options, jobId, priority } }
}
