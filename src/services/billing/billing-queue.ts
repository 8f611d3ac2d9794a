import { z } from "zod"
import type { Logger } from "../../config/logger.ts"
import type { Timing } from "../../config/timing.ts"
import { type JobQueue, openJobQueue } from "../platform/job-queue.ts"
import type { QueueStore } from "../platform/queue-store.ts"

export const BILLING_QUEUE = "billing-queue"

/** A job's payload: ids only. */
export const BillingJob = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("event"), eventId: z.string(), traceparent: z.string().nullish() }),
  z.object({ kind: z.literal("customer"), customerId: z.uuid() }),
  z.object({ kind: z.literal("reconcile"), scope: z.enum(["recent", "daily"]) }),
])
export type BillingJob = z.infer<typeof BillingJob>

/** One attempt per job. The rows hold the time of the next one, and the sweep enqueues it. */
const JOB_OPTIONS = { attempts: 1, removeOnComplete: true, removeOnFail: true }

export interface BillingQueue {
  /** Adds a job. `dedupeKey` distinguishes retries, because BullMQ ignores an id that is still in the queue. */
  enqueue(job: BillingJob, dedupeKey: string | number): Promise<void>
  /** Schedules the reconciler: recent customers every `recentMs`, all but quiet ones once a day. */
  schedule(recentMs: number): Promise<void>
  counts(): Promise<Record<string, number>>
  close(): Promise<void>
}

export async function createBillingQueue(
  store: QueueStore,
  timing: Timing,
  log: Logger,
): Promise<BillingQueue> {
  const queue: JobQueue<BillingJob> = await openJobQueue(BILLING_QUEUE, store, timing, log)
  const repeat = (scope: "recent" | "daily", every: number) =>
    queue.repeat(
      SCHEDULES[scope],
      { every },
      {
        name: "reconcile",
        data: { kind: "reconcile", scope },
        opts: JOB_OPTIONS,
      },
    )
  return {
    enqueue: (job, dedupeKey) =>
      queue.add(job.kind, job, { ...JOB_OPTIONS, jobId: `${idOf(job)}.${dedupeKey}` }),
    async schedule(recentMs) {
      await repeat("recent", recentMs)
      await repeat("daily", timing.billing.reconcileAllMs)
    },
    counts: () => queue.counts(),
    close: () => queue.close(),
  }
}

/** The names that earlier versions have given the schedules, so that theirs are replaced. */
const SCHEDULES = { recent: "reconcile-recent", daily: "reconcile-all" }

function idOf(job: BillingJob): string {
  if (job.kind === "event") return job.eventId
  return job.kind === "customer" ? job.customerId : job.scope
}
