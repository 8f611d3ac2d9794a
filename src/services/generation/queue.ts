import { z } from "zod"
import type { Logger } from "../../config/logger.ts"
import { SECOND } from "../../utils/time.ts"
import { type JobQueue, openJobQueue, type QueueStore } from "../platform/job-queue.ts"

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

export interface GenerationQueue extends Pick<JobQueue<JobPayload>, "counts" | "ping" | "close"> {
  /**
   * Hints to the workers that a reply is to be made. The job's id is the reply's, so doing it twice makes one job.
   * Workers take the replies of all users in turn: one that has more under way comes later.
   */
  enqueue(replyId: string, hint: EnqueueHint): Promise<void>
}

export async function createGenerationQueue(store: QueueStore, log: Logger): Promise<GenerationQueue> {
  const queue = await openJobQueue<JobPayload>(QUEUE_NAME, store, log)
  return { ...queue, enqueue: (replyId, hint) => add(queue, replyId, hint) }
}

async function add(
  queue: JobQueue<JobPayload>,
  replyId: string,
  { underWay, occasion }: EnqueueHint,
): Promise<void> {
  const jobId = occasion === undefined ? replyId : `${replyId}.${occasion}`
  await queue.add(
    "reply",
    { messageId: replyId },
    { ...JOB_OPTIONS, jobId, priority: Math.min(Math.max(1, underWay), MAX_PRIORITY) },
  )
}
