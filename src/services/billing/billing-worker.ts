import type { Context } from "../context.ts"
import { type Delay, openJobWorker } from "../platform/job-worker.ts"
import { startWorkerLoop } from "../platform/worker-loop.ts"
import { BILLING_QUEUE, BillingJob } from "./billing-queue.ts"
import { CustomerBusy } from "./customer-lease.ts"
import { handleEvent } from "./handle-event.ts"
import { reconcile } from "./reconcile.ts"
import { sweepBilling } from "./sweep-billing.ts"
import { syncCustomer } from "./sync-customer.ts"

const CONCURRENCY = 8

/** Starts a worker that handles Stripe events and reconciles on a schedule. Closing waits for the jobs in flight. */
export async function startBillingWorker(ctx: Context) {
  const worker = openJobWorker<BillingJob>(BILLING_QUEUE, ctx, (job) => process(ctx, job.data), {
    concurrency: CONCURRENCY,
  })
  const loops = [
    startWorkerLoop(ctx, ctx.timing.billing.sweepMs, "billing sweep", () =>
      sweepBilling(ctx, (job) => process(ctx, job)),
    ),
    // Repeated, because a queue that lost its data has also lost the schedule.
    startWorkerLoop(ctx, ctx.timing.billing.scheduleMs, "scheduling the reconciler", () =>
      ctx.billingQueue.schedule(ctx.config.stripe.reconcileMs),
    ),
  ]
  return {
    async close() {
      await Promise.all([...loops.map((loop) => loop.stop()), worker.close()])
    },
  }
}

/** May run twice for one job, even concurrently: it only copies Stripe's current state. */
async function process(ctx: Context, job: unknown): Promise<Delay | null> {
  const parsed = BillingJob.parse(job)
  const parent = "traceparent" in parsed ? parsed.traceparent : null
  try {
    await ctx.tracing.span(`process ${BILLING_QUEUE}`, { kind: "consumer", parent }, () =>
      perform(ctx, parsed),
    )
    return null
  } catch (err) {
    if (err instanceof CustomerBusy) return { inMs: ctx.timing.billing.busyMs }
    ctx.events.billingFailed({ kind: parsed.kind, err })
    throw err
  }
}

async function perform(ctx: Context, job: BillingJob): Promise<void> {
  switch (job.kind) {
    case "event":
      return handleEvent(ctx, job.eventId)
    case "customer": {
      const { unenforced } = await syncCustomer(ctx, job.customerId, { kind: "schedule" })
      if (unenforced) throw unenforced
      return
    }
    case "reconcile":
      await reconcile(ctx, { scope: job.scope })
  }
}
