import type pg from "pg"
import { toCamelCase } from "../../utils/camel-case.ts"
import { newId } from "../../utils/ids.ts"
import { pause } from "../../utils/time.ts"
import type { Context } from "../context.ts"

/** A customer whose lease we hold: no other process reads their state from Stripe or writes it meanwhile. */
export interface LeasedCustomer {
  id: string
  /** null once the user is erased. */
  userId: string | null
  /** Stripe's id; null until the customer exists at Stripe. */
  stripeId: string | null
  checkoutSessionId: string | null
  /** How many Checkout sessions were requested. It is part of the idempotency key of the next. */
  checkouts: number
  /** When the user was deleted; null for an active user. */
  closedAt: Date | null
  /** When the customer of a deleted user was deleted at Stripe. */
  deletedAt: Date | null
  /** Fences the holder's writes: `WHERE attempt = …` matches no row once another process holds the lease. */
  attempt: number
}

/** Another piece of work holds the customer lease. */
export class CustomerBusy extends Error {
  override name = "CustomerBusy"
}

/** The lease ran out and another process took it. Nothing was written. */
export class LeaseLost extends Error {
  override name = "LeaseLost"
}

/** Finds or creates the user's customer in our database; Stripe's is created at the first checkout. @returns our id */
export async function ensureCustomer(ctx: Context, userId: string): Promise<string> {
  const { rows } = await ctx.db.pool.query<{ id: string }>({
    name: "ensure-billing-customer",
    text: `WITH made AS (
        INSERT INTO billing_customers (id, user_id) VALUES ($1, $2) ON CONFLICT (user_id) DO NOTHING RETURNING id
      )
      SELECT id FROM made UNION ALL SELECT id FROM billing_customers WHERE user_id = $2 LIMIT 1`,
    values: [newId(), userId],
  })
  // Another request committed its insert after this statement's snapshot. A new statement sees the row.
  return rows[0]?.id ?? ensureCustomer(ctx, userId)
}

/**
 * Runs `work` while holding the customer lease, which excludes all other processes. It is a lease in the row and not a
 * lock, because `work` calls Stripe and no transaction may wait for that. It is short, so that a process that dies
 * blocks the customer for seconds only, and renewed while `work` runs.
 * @param waitMs how long to wait for the current holder
 * @throws {CustomerBusy}
 */
export async function withCustomerLease<T>(
  ctx: Context,
  customerId: string,
  { waitMs = 0 }: { waitMs?: number },
  work: (leased: LeasedCustomer) => Promise<T>,
): Promise<T> {
  const leased = await acquire(ctx, customerId, performance.now() + waitMs)
  const stopRenewing = startRenewing(ctx, leased)
  try {
    return await work(leased)
  } finally {
    // A renewal that is still in flight finds no lease to extend after the release.
    stopRenewing()
    await release(ctx, leased)
  }
}

async function acquire(ctx: Context, customerId: string, deadline: number): Promise<LeasedCustomer> {
  for (;;) {
    const values = [customerId, ctx.timing.billing.leaseMs]
    const { rows } = await ctx.db.execute("lease-billing-customer", ACQUIRE, values)
    if (rows[0]) return toCamelCase<LeasedCustomer>(rows[0])
    if (performance.now() >= deadline || ctx.stopping.aborted) throw new CustomerBusy()
    await pause(ctx.timing.billing.leasePollMs, ctx.stopping)
  }
}

const ACQUIRE = `
  UPDATE billing_customers SET attempt = attempt + 1, lease_until = now() + $2 * interval '1 millisecond'
  WHERE id = $1 AND (lease_until IS NULL OR lease_until < now())
  RETURNING id, user_id, stripe_id, checkout_session_id, checkouts, closed_at, deleted_at, attempt`

/** @returns a function that ends it */
function startRenewing(ctx: Context, { id, attempt }: LeasedCustomer): () => void {
  const { leaseMs, leaseRenewMs } = ctx.timing.billing
  const renew = () =>
    ctx.db
      .execute("renew-billing-customer", RENEW, [id, attempt, leaseMs])
      .catch((err: unknown) => ctx.log.warn({ err }, "customer lease not renewed"))
  const timer = setInterval(renew, leaseRenewMs).unref()
  return () => clearInterval(timer)
}

/** A lease that has run out isn't revived: another process may be about to take it. */
const RENEW = `
  UPDATE billing_customers SET lease_until = now() + $3 * interval '1 millisecond'
  WHERE id = $1 AND attempt = $2 AND lease_until > now()`

/** An unreleased lease blocks the customer until it runs out, so a failed release is retried. */
const RELEASE_TRIES = 3

async function release(ctx: Context, { id, attempt }: LeasedCustomer): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await ctx.db.execute("release-billing-customer", RELEASE, [id, attempt])
      return
    } catch (err) {
      if (tries === RELEASE_TRIES) return ctx.log.warn({ err }, "customer lease not released, it will expire")
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
