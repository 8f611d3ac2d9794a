import { MINUTE, SECOND } from "../../utils/time.ts"
import type { Context } from "../context.ts"

/** How long the queue is trusted with an event before it is enqueued again. */
export const FIRST_SWEEP_MS = 5 * SECOND

/** Between tries, doubled by each up to the longest. */
const RETRY_MS = 5 * SECOND
const LONGEST_RETRY_MS = 10 * MINUTE

const MAX_PER_SWEEP = 200

/** When the next try is due, after as many as the column `tries` says. */
export function nextTrySql(tries: string): string {
  return `now() + least(${RETRY_MS} * 2 ^ least(${tries}, 20), ${LONGEST_RETRY_MS}) * interval '1 millisecond'`
}

/**
 * Finds events that nobody has handled and customers who are due, and enqueues them: what failed, what the queue has
 * lost, and what lapses by itself. Any number of processes may sweep.
 */
export async function sweepBilling(ctx: Context): Promise<void> {
  const events = await ctx.db.pool.query<{ id: string; tries: number }>({
    name: "sweep-billing-events",
    text: SWEEP_EVENTS,
    values: [MAX_PER_SWEEP],
  })
  for (const { id, tries } of events.rows) {
    await ctx.billingQueue.enqueue({ kind: "event", eventId: id }, tries)
  }
  const customers = await ctx.db.pool.query<{ id: string; attempt: number; failures: number }>({
    name: "sweep-billing-customers",
    text: SWEEP_CUSTOMERS,
    values: [MAX_PER_SWEEP],
  })
  for (const { id, attempt, failures } of customers.rows) {
    await ctx.billingQueue.enqueue({ kind: "customer", customerId: id }, `${attempt}.${failures}`)
  }
}

/** The next try is due even if this one is lost on the way, so it is set before the queue is asked. */
const SWEEP_EVENTS = `
  UPDATE billing_events SET tries = tries + 1, next_try_at = ${nextTrySql("tries")}
  WHERE id IN (
    SELECT id FROM billing_events WHERE status = 'pending' AND next_try_at < now()
    ORDER BY next_try_at LIMIT $1 FOR UPDATE SKIP LOCKED
  ) AND status = 'pending'
  RETURNING id, tries`

const SWEEP_CUSTOMERS = `
  UPDATE billing_customers SET failures = least(failures + 1, 1000), sync_due_at = ${nextTrySql("failures")}
  WHERE id IN (
    SELECT id FROM billing_customers WHERE sync_due_at < now()
    ORDER BY sync_due_at LIMIT $1 FOR UPDATE SKIP LOCKED
  )
  RETURNING id, attempt, failures`
