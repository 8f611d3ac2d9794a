import type { Timing } from "../../config/timing.ts"
import type { Context } from "../context.ts"

const MAX_PER_SWEEP = 200

/** When the next try is due, after as many as the column `tries` says. */
export function nextTrySql({ billing }: Timing, tries: string): string {
  const { firstRetryMs, longestRetryMs } = billing
  return `now() + least(${firstRetryMs} * 2 ^ least(${tries}, 20), ${longestRetryMs}) * interval '1 millisecond'`
}

/**
 * Finds events that nobody has handled and customers who are due, and enqueues them: what failed, what the queue has
 * lost, and what lapses by itself. Any number of processes may sweep.
 */
export async function sweepBilling(ctx: Context): Promise<void> {
  const events = await ctx.db.pool.query<{ id: string; tries: number }>({
    name: "sweep-billing-events",
    text: sweepEvents(ctx.timing),
    values: [MAX_PER_SWEEP],
  })
  for (const { id, tries } of events.rows) {
    await ctx.billingQueue.enqueue({ kind: "event", eventId: id }, tries)
  }
  const customers = await ctx.db.pool.query<{ id: string; attempt: number; failures: number }>({
    name: "sweep-billing-customers",
    text: sweepCustomers(ctx.timing),
    values: [MAX_PER_SWEEP],
  })
  for (const { id, attempt, failures } of customers.rows) {
    await ctx.billingQueue.enqueue({ kind: "customer", customerId: id }, `${attempt}.${failures}`)
  }
}

/** The next try is due even if this one is lost on the way, so it is set before the queue is asked. */
const sweepEvents = (timing: Timing) => `
  UPDATE billing_events SET tries = tries + 1, next_try_at = ${nextTrySql(timing, "tries")}
  WHERE id IN (
    SELECT id FROM billing_events WHERE status = 'pending' AND next_try_at < now()
    ORDER BY next_try_at LIMIT $1 FOR UPDATE SKIP LOCKED
  ) AND status = 'pending'
  RETURNING id, tries`

const sweepCustomers = (timing: Timing) => `
  UPDATE billing_customers SET failures = least(failures + 1, 1000), sync_due_at = ${nextTrySql(timing, "failures")}
  WHERE id IN (
    SELECT id FROM billing_customers WHERE sync_due_at < now()
    ORDER BY sync_due_at LIMIT $1 FOR UPDATE SKIP LOCKED
  )
  RETURNING id, attempt, failures`
