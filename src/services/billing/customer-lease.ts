import type pg from "pg"
import { toCamelCase } from "../../utils/camel-case.ts"
import { newId } from "../../utils/ids.ts"
import { pause } from "../../utils/time.ts"
import type { Context } from "../context.ts"

/** A payer, leased for one piece of work: nobody else reads Stripe for them or writes their state meanwhile. */
export interface LeasedCustomer {
  id: string
  /** null: the user is erased. */
  userId: string | null
  /** Stripe's id; null until Stripe has made the customer. */
  stripeId: string | null
  checkoutSessionId: string | null
  /** How many Checkout sessions were asked for: makes each a key of its own. */
  checkouts: number
  /** Since when nobody is behind it: the user was deleted. */
  closedAt: Date | null
  /** Fences the holder's writes: `WHERE attempt = …` finds nothing once somebody else holds it. */
  attempt: number
}

/** Somebody else works on this customer. */
export class CustomerBusy extends Error {
  override name = "CustomerBusy"
}

/** The work took longer than its lease, and somebody else has begun: nothing was written. */
export class LeaseLost extends Error {
  override name = "LeaseLost"
}

/** The user's customer, ours alone as yet: Stripe hears of it when it is needed. @returns its id */
export async function ensureCustomer(ctx: Context, userId: string): Promise<string> {
  const { rows } = await ctx.db.pool.query<{ id: string }>({
    name: "ensure-billing-customer",
    text: `WITH made AS (
        INSERT INTO billing_customers (id, user_id) VALUES ($1, $2) ON CONFLICT (user_id) DO NOTHING RETURNING id
      )
      SELECT id FROM made UNION ALL SELECT id FROM billing_customers WHERE user_id = $2 LIMIT 1`,
    values: [newId(), userId],
  })
  // Another request's insert was committed after this statement began to look: a second look sees it.
  return rows[0]?.id ?? ensureCustomer(ctx, userId)
}

/**
 * Runs `work` as the only one for this customer, in any process. A lease in the row and not a lock, because `work`
 * talks to Stripe and no transaction may wait for that.
 * @param waitMs how long to wait for whoever holds it
 * @throws {CustomerBusy}
 */
export async function withCustomerLease<T>(
  ctx: Context,
  customerId: string,
  { waitMs = 0 }: { waitMs?: number },
  work: (leased: LeasedCustomer) => Promise<T>,
): Promise<T> {
  const leased = await acquire(ctx, customerId, performance.now() + waitMs)
  try {
    return await work(leased)
  } finally {
    await release(ctx, leased)
  }
}

async function acquire(ctx: Context, customerId: string, deadline: number): Promise<LeasedCustomer> {
  for (;;) {
    const { rows } = await ctx.db.pool.query({
      name: "claim-billing-customer",
      text: CLAIM,
      values: [customerId, ctx.timing.billing.leaseMs],
    })
    if (rows[0]) return toCamelCase<LeasedCustomer>(rows[0])
    if (performance.now() >= deadline || ctx.stopping.aborted) throw new CustomerBusy()
    await pause(ctx.timing.billing.leasePollMs, ctx.stopping)
  }
}

const CLAIM = `
  UPDATE billing_customers SET attempt = attempt + 1, lease_until = now() + $2 * interval '1 millisecond'
  WHERE id = $1 AND (lease_until IS NULL OR lease_until < now())
  RETURNING id, user_id, stripe_id, checkout_session_id, checkouts, closed_at, attempt`

/** A lease that stays would keep everybody off until it has run out, so a database that was away is asked again. */
const RELEASE_TRIES = 3

async function release(ctx: Context, { id, attempt }: LeasedCustomer): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await ctx.db.pool.query({ name: "release-billing-customer", text: RELEASE, values: [id, attempt] })
      return
    } catch (err) {
      if (tries === RELEASE_TRIES) return ctx.log.warn({ err }, "a billing lease is left to run out")
      await pause(ctx.timing.billing.releaseRetryMs)
    }
  }
}

const RELEASE = "UPDATE billing_customers SET lease_until = NULL WHERE id = $1 AND attempt = $2"

/** Writes columns of a leased customer. @throws {LeaseLost} */
export async function updateLeasedCustomer(
  db: pg.Pool | pg.ClientBase,
  leased: LeasedCustomer,
  assignments: string,
  values: unknown[] = [],
): Promise<void> {
  const { rowCount } = await db.query(
    `UPDATE billing_customers SET ${assignments} WHERE id = $1 AND attempt = $2`,
    [leased.id, leased.attempt, ...values],
  )
  if (rowCount === 0) throw new LeaseLost()
}
