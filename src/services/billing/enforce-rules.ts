import type Stripe from "stripe"
import { SECOND } from "../../utils/time.ts"
import type { Context } from "../context.ts"
import type { LeasedCustomer } from "./customer-lease.ts"
import { type EntitlementRules, entitlementOf } from "./entitlement.ts"
import { openOperatorNotices } from "./operator-notices.ts"
import type { Subscription } from "./read-subscriptions.ts"
import { type Enforcement, refundInvoice } from "./refund-payment.ts"
import { isMissing, nullIfMissing } from "./stripe.ts"

/**
 * Enforces two rules at Stripe. A deleted user has no subscription, and their later payments are refunded. Of several
 * subscriptions that give Pro and go on, the oldest stays and the others are cancelled and refunded. Both act on what
 * this service's Checkout made alone: other subscriptions are reported to operators and left as they are. Duplicates are
 * recorded before they are cancelled, so that the next call completes a call that was interrupted.
 * @returns whether a subscription was cancelled, which makes `subscriptions` stale
 */
export async function enforceRules(
  ctx: Context,
  enforcement: Enforcement,
  subscriptions: readonly Subscription[],
  { rules, now }: { rules: EntitlementRules; now: Date },
): Promise<boolean> {
  const { leased, notices } = enforcement
  if (leased.closedAt !== null) return enforceClosed(ctx, enforcement, leased.closedAt, subscriptions)
  const known = await notices.listObjectIds("second_subscription_cancelled")
  const paying = subscriptions.filter(
    (subscription) =>
      !known.includes(subscription.id) && entitlementOf([subscription], rules, now).tier === "pro",
  )
  if (paying.length > 1) await reportOthers(enforcement, paying)
  // One that is set to end charges nobody again, so the user keeps what is paid for.
  const goingOn = paying.filter(({ isFromCheckout, cancelAt }) => isFromCheckout && cancelAt === null)
  for (const { id } of oldestFirst(goingOn).slice(1)) {
    await notices.add({
      kind: "second_subscription_cancelled",
      objectId: id,
      detail:
        "The customer already had a subscription. The newer one was cancelled and its last payment refunded.",
    })
  }
  return cancelDuplicates(ctx, enforcement, subscriptions)
}

async function reportOthers({ notices }: Enforcement, subscriptions: readonly Subscription[]): Promise<void> {
  for (const { id } of subscriptions.filter(({ isFromCheckout }) => !isFromCheckout)) {
    await notices.add({
      kind: "second_subscription",
      objectId: id,
      detail:
        "The customer pays for two subscriptions. This one wasn't made by Checkout, so nothing was done about it.",
    })
  }
}

/**
 * Two tabs may create subscriptions within the same second, Stripe's precision. Then the order of its list decides,
 * which has the newest first; ids are random.
 */
function oldestFirst(listed: readonly Subscription[]): Subscription[] {
  return listed.toReversed().sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime())
}

/** Checks whether a subscription can still charge the customer. */
const isLive = ({ status }: Subscription) => status !== "canceled" && status !== "incomplete_expired"

/** Cancels and refunds all duplicates ever found, because a payment for one may arrive late. */
async function cancelDuplicates(
  ctx: Context,
  enforcement: Enforcement,
  subscriptions: readonly Subscription[],
): Promise<boolean> {
  const known = await enforcement.notices.listObjectIds("second_subscription_cancelled")
  let isChanged = false
  // Not those of another Stripe account or mode, of which only our notices are left.
  for (const duplicate of subscriptions.filter(
    ({ id, isFromCheckout }) => isFromCheckout && known.includes(id),
  )) {
    if (isLive(duplicate)) {
      await cancel(ctx, duplicate.id)
      isChanged = true
    }
    await refundNewest(ctx, enforcement, duplicate.id)
  }
  return isChanged
}

/** Refunds the newest payment only: earlier ones paid for a time when this was the only valid subscription. */
async function refundNewest(ctx: Context, enforcement: Enforcement, subscription: string): Promise<void> {
  // Invoices of zero, such as prorations, are listed too.
  for await (const invoice of ctx.stripe.invoices.list({ subscription, status: "paid", limit: 10 })) {
    if (invoice.amount_paid > 0) return refundInvoice(ctx, enforcement, invoice)
  }
}

/**
 * Cancels a subscription whose payment was refunded, because its user pays for a new one. One that Checkout didn't make
 * is reported instead.
 */
export async function cancelRefunded(
  ctx: Context,
  leased: LeasedCustomer,
  subscription: Subscription,
): Promise<void> {
  if (subscription.isFromCheckout) return cancel(ctx, subscription.id)
  await openOperatorNotices(ctx, leased).add({
    kind: "second_subscription",
    objectId: subscription.id,
    detail:
      "It was refunded, and its customer subscribes again. It wasn't made by Checkout, so it goes on until you cancel it.",
  })
}

async function enforceClosed(
  ctx: Context,
  enforcement: Enforcement,
  closedAt: Date,
  subscriptions: readonly Subscription[],
): Promise<boolean> {
  const live = subscriptions.filter(isLive)
  const ours = live.filter(({ isFromCheckout }) => isFromCheckout)
  for (const { id } of live.filter(({ isFromCheckout }) => !isFromCheckout)) {
    await enforcement.notices.add({
      kind: "subscription_of_deleted_user",
      objectId: id,
      detail:
        "The user is deleted. This subscription wasn't made by Checkout, so it goes on until you cancel it.",
    })
  }
  for (const { id } of ours) await cancel(ctx, id)
  try {
    await expireCheckouts(ctx, enforcement.leased.stripeId as string)
    await refundLate(ctx, enforcement, { closedAt, subscriptions })
  } catch (error) {
    // Stripe has deleted the customer, so nothing can be paid.
    if (!isMissing(error)) throw error
  }
  return ours.length > 0
}

async function cancel(ctx: Context, subscription: string): Promise<void> {
  await nullIfMissing(ctx.stripe.subscriptions.cancel(subscription, { prorate: false, invoice_now: false }))
}

/** Expires all open Checkout pages of ours, including any that we failed to record: they would still take a payment. */
async function expireCheckouts(ctx: Context, customer: string): Promise<void> {
  for await (const { id, metadata } of ctx.stripe.checkout.sessions.list({
    customer,
    status: "open",
    limit: 100,
  }))
    if (metadata?.billing_customer_id) await ctx.stripe.checkout.sessions.expire(id)
}

/** Refunds payments made after the deletion, or in the same second, which is Stripe's precision. */
async function refundLate(
  ctx: Context,
  enforcement: Enforcement,
  { closedAt, subscriptions }: { closedAt: Date; subscriptions: readonly Subscription[] },
): Promise<void> {
  const since = Math.floor(closedAt.getTime() / SECOND)
  const ours = new Set(subscriptions.flatMap(({ id, isFromCheckout }) => (isFromCheckout ? id : [])))
  const { data } = await ctx.stripe.invoices.list({
    customer: enforcement.leased.stripeId as string,
    status: "paid",
    limit: 100,
  })
  for (const invoice of data) {
    const isLate = (invoice.status_transitions.paid_at ?? 0) >= since
    if (isLate && ours.has(subscriptionOf(invoice))) await refundInvoice(ctx, enforcement, invoice)
  }
}

function subscriptionOf({ parent }: Stripe.Invoice): string {
  const subscription = parent?.subscription_details?.subscription
  return (typeof subscription === "object" ? subscription?.id : subscription) ?? ""
}
