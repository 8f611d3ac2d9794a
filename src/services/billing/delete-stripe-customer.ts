import type { Context } from "../context.ts"
import { type LeasedCustomer, updateLeasedCustomer } from "./customer-lease.ts"
import type { Subscription } from "./read-subscriptions.ts"
import { nullIfMissing } from "./stripe.ts"

/** The final statuses: nothing can be charged any more. */
const OVER = new Set(["canceled", "incomplete_expired"])

/**
 * Deletes the Stripe customer of a deleted user, with name, e-mail, address and cards, once payments that were on their
 * way have arrived and nothing goes on: deleting a customer would also end a subscription that is an operator's business.
 * Invoices, charges and refunds stay at Stripe, as bookkeeping requires, and so does our row, by which a payment that
 * comes even later is found and refunded. Safe to repeat: a customer whom Stripe no longer has is taken for deleted.
 * @param now by the calendar
 * @returns when to look again, by the calendar; null: there is nothing left to do
 * @throws {LeaseLost} and Stripe's errors
 */
export async function deleteStripeCustomer(
  ctx: Context,
  leased: LeasedCustomer,
  { subscriptions, now }: { subscriptions: readonly Subscription[]; now: Date },
): Promise<Date | null> {
  const { stripeId, closedAt, deletedAt } = leased
  if (stripeId === null || closedAt === null || deletedAt !== null) return null
  const { keepClosedMs, closedCheckMs } = ctx.timing.billing
  const mayGoAt = new Date(closedAt.getTime() + keepClosedMs)
  if (now < mayGoAt) return mayGoAt
  if (subscriptions.some(({ status }) => !OVER.has(status))) return new Date(now.getTime() + closedCheckMs)
  const customer = await nullIfMissing(ctx.stripe.customers.retrieve(stripeId))
  if (customer && !customer.deleted) {
    // One that an operator has put in its place isn't ours to delete.
    if (customer.metadata.billing_customer_id !== leased.id) return null
    await nullIfMissing(ctx.stripe.customers.del(stripeId))
  }
  await updateLeasedCustomer(ctx.db.pool, leased, "deleted_at = app_now(), checkout_session_id = NULL")
  ctx.events.customerDeleted({ customerId: leased.id })
  return null
}
