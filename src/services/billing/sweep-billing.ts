import type { Timing } from "../../config/timing.ts"
import type { Context } from "../context.ts"
import type { BillingJob } from "./billing-queue.ts"

const MAX_PER_SWEEP = 200

/** Returns the SQL for the time of the next try. @param tries the column that counts the tries so far */
export function nextTrySql({ billing }: Timing, tries: string): string {
  const { firstRetryMs, longestRetryMs } = billing
  return `now() + least(${firstRetryMs} * 2 ^ least(${tries}, 20), ${longestRetryMs}) * interval '1 millisecond'`
}

/**
 * Enqueues pending events and customers who are due: failed tries, jobs that the queue lost, and entitlements that
 * expire. Any number of processes may sweep.
 * @param perform does a job that the queue can't carry
 */
export async function sweepBilling(
  ctx: Context,
  perform: (job: BillingJob) => Promise<unknown>,
): Promise<void> {
  const handOut = async (job: BillingJob, dedupeKey: string | number) => {
    try {
      await ctx.billingQueue.enqueue(job, dedupeKey)
    } catch (err) {
      if (ctx.stopping.aborted) throw err
      // It reports its failures itself, and the row has the time of the next try.
      await perform(job).catch(() => undefined)
    }
  }
  const events = await ctx.db.execute<{ id: string; tries: number }>(
    "sweep-billing-events",
    sweepEvents(ctx.timing),
    [MAX_PER_SWEEP],
  )
  for (const { id, tries } of events.rows) {
    await handOut({ kind: "event", eventId: id }, tries)
  }
  const customers = await ctx.db.execute<{ id: string; attempt: number; failures: number }>(
    "sweep-billing-customers",
    sweepCustomers(ctx.timing),
    [MAX_PER_SWEEP],
  )
  for (const { id, attempt, failures } of customers.rows) {
    await handOut({ kind: "customer", customerId: id }, `${attempt}.${failures}`)
  }
}

/**
 * Sets the next try before enqueueing this one, so that a lost job is retried. Those that are due are looked for once: `IN`
 * may do so for each row, beyond the limit.
 */
const sweepEvents = (timing: Timing) => `
  WITH due AS MATERIALIZED (
    SELECT id FROM billing_events WHERE status = 'pending' AND next_try_at < now()
    ORDER BY next_try_at LIMIT $1 FOR UPDATE SKIP LOCKED
  )
  UPDATE billing_events AS event SET tries = tries + 1, next_try_at = ${nextTrySql(timing, "tries")}
  FROM due WHERE event.id = due.id AND event.status = 'pending'
  RETURNING event.id, event.tries`

const sweepCustomers = (timing: Timing) => `
  WITH due AS MATERIALIZED (
    SELECT id FROM billing_customers WHERE sync_due_at < now()
    ORDER BY sync_due_at LIMIT $1 FOR UPDATE SKIP LOCKED
  )
  UPDATE billing_customers AS customer
  SET failures = least(failures + 1, 1000), sync_due_at = ${nextTrySql(timing, "failures")}
  FROM due WHERE customer.id = due.id
  RETURNING customer.id, customer.attempt, customer.failures`
