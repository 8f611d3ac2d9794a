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
) {
  const now = account.now()
  assign(subscription, {
    cancel_at: null,
    cancel_at_period_end: false,
    canceled_at: now,
    cancellation_details: {
      ...subscription.cancellation_details,
      reason,
    } as Stripe.Subscription.CancellationDetails,
  })
  endSubscription(account, subscription)
}

export type Schedule =
  | { kind: "at_period_end" }
  | { kind: "at_period_end_flexible" }
  | { kind: "at"; at: number }
  | { kind: "never" }

/**
 * Sets or takes back when a subscription will end. `at_period_end_flexible` is what the portal does under
 * flexible billing: only `cancel_at` is set.
 */
export function scheduleCancellation(
  account: Account,
  subscription: Stripe.Subscription,
  schedule: Schedule,
  reason: Reason = "cancellation_requested",
) {
  if (isOver(subscription)) {
    throw invalid("A canceled subscription can only update its cancellation_details and metadata.")
  }
  const never = schedule.kind === "never"
  const at = never ? null : schedule.kind === "at" ? schedule.at : periodEnd(subscription)
  change(account, "customer.subscription.updated", subscription, {
    cancel_at: at,
    cancel_at_period_end: schedule.kind === "at_period_end",
    canceled_at: never ? null : account.now(),
    cancellation_details: {
      ...(subscription.cancellation_details as Stripe.Subscription.CancellationDetails),
      reason: never ? null : reason,
    },
  })
  if (at !== null) account.tasks.add(at, "cancel_subscription", subscription)
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
