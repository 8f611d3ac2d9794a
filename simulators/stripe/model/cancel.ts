import type Stripe from "stripe"
import type { Account } from "./account.ts"
import { assign, change } from "./change.ts"
import { invoicesOf } from "./invoices.ts"
import { invalid } from "./refusals.ts"
import { isOver, periodEnd } from "./subscriptions.ts"

type Reason = "cancellation_requested" | "payment_failed" | "payment_disputed"

/** Ends a subscription at once. What it still owes isn't collected any more. */
export function cancelNow(
  account: Account,
  subscription: Stripe.Subscription,
  reason: Reason = "cancellation_requested",
): Stripe.Subscription {
  assign(subscription, {
    cancel_at: null,
    cancel_at_period_end: false,
    canceled_at: account.now(),
    cancellation_details: { ...detailsOf(subscription), reason },
  })
  endSubscription(account, subscription)
  return subscription
}

/**
 * Sets when a subscription will end, or takes that back (`null`). The portal names the end of the period like any other
 * time: under flexible billing only `cancel_at` is set.
 */
export function scheduleCancellation(
  account: Account,
  subscription: Stripe.Subscription,
  { at: wanted, reason = "cancellation_requested" }: { at: number | "period_end" | null; reason?: Reason },
): Stripe.Subscription {
  if (isOver(subscription)) {
    throw invalid("A canceled subscription can only update its cancellation_details and metadata.")
  }
  const at = wanted === "period_end" ? periodEnd(subscription) : wanted
  change(account, "customer.subscription.updated", subscription, {
    cancel_at: at,
    cancel_at_period_end: wanted === "period_end",
    canceled_at: at === null ? null : account.now(),
    cancellation_details: { ...detailsOf(subscription), reason: at === null ? null : reason },
  })
  if (at !== null) account.tasks.add(at, "cancel_subscription", subscription)
  return subscription
}

/** Why a subscription ends, in the customer's words and in Stripe's. Every subscription has that. */
export function detailsOf({ cancellation_details }: Stripe.Subscription) {
  return cancellation_details as Stripe.Subscription.CancellationDetails
}

/** Due at `cancel_at`; stale if that was changed since. */
export function cancelWhenDue(account: Account, id: string, at: number) {
  const subscription = account.store.get("subscription", id)
  if (!subscription || isOver(subscription) || subscription.cancel_at !== at) return
  endSubscription(account, subscription)
}

/** Ends a subscription, also because the time came that was set for it; the request's time and wish stay. */
export function endSubscription(account: Account, subscription: Stripe.Subscription) {
  assign(subscription, { status: "canceled", ended_at: account.now() })
  for (const invoice of invoicesOf(account, subscription.id)) {
    if (invoice.status === "draft" || invoice.status === "open") {
      assign(invoice, { auto_advance: false, next_payment_attempt: null })
    }
  }
  account.emit("customer.subscription.deleted", subscription)
}
