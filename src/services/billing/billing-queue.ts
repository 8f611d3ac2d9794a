import { z } from "zod"
import type { Logger } from "../../config/logger.ts"
import type { Timing } from "../../config/timing.ts"
import { type JobQueue, openJobQueue, type QueueStore } from "../platform/job-queue.ts"

export const BILLING_QUEUE = "billing-queue"

/** What is to be looked at: ids only. */
export const BillingJob = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("event"), eventId: z.string(), traceparent: z.string().nullish() }),
  z.object({ kind: z.literal("customer"), customerId: z.uuid() }),
  z.object({ kind: z.literal("reconcile"), scope: z.enum(["recent", "all"]) }),
])
export type BillingJob = z.infer<typeof BillingJob>

/** One attempt: rows say when the next is due, and the sweep sees to it. */
const JOB_OPTIONS = { attempts: 1, removeOnComplete: true, removeOnFail: true }

export interface BillingQueue {
  /** `occasion` tells one try from the next: a job's id can't be used again while the job is there. */
  enqueue(job: BillingJob, dedupeKey: string | number): Promise<void>
  /** Reconciles what changed of late every `recentMs`, and everything once a day. */
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
  const repeat = (scope: "recent" | "all", every: number) =>
    queue.repeat(
      `reconcile-${scope}`,
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
      await repeat("all", timing.billing.reconcileAllMs)
    },
    counts: () => queue.counts(),
    close: () => queue.close(),
  }
}

function idOf(job: BillingJob): string {
  if (job.kind === "event") return job.eventId
  return job.kind === "customer" ? job.customerId : job.scope
}
