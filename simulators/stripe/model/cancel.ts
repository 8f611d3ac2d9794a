import type Stripe from "stripe"
import type { Account } from "./account.ts"
import { assign, change } from "./change.ts"
import { invalid } from "./refusals.ts"

type Reason = "cancellation_requested" | "payment_failed" | "payment_disputed"

const OVER: readonly string[] = ["canceled", "incomplete_expired"]

/** Whether nothing can happen to a subscription any more. */
export function isOver({ status }: Stripe.Subscription): boolean {
  return OVER.includes(status)
}

/** When the current period of a subscription ends. */
export function periodEnd(subscription: Stripe.Subscription): number {
  return itemOf(subscription).current_period_end
}

/** A subscription's one item. */
export function itemOf(subscription: Stripe.Subscription): Stripe.SubscriptionItem {
  const item = subscription.items.data[0]
  if (!item) throw new Error(`The subscription ${subscription.id} has no items`)
  return item
}

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
  end(account, subscription)
}

/** Ends a subscription because the time came that was set for it; the request's time and wish stay. */
export function endAsScheduled(account: Account, subscription: Stripe.Subscription) {
  end(account, subscription)
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
  if (at !== null) account.agenda.add({ at, task: "cancel_subscription", id: subscription.id })
}

/** Due at `cancel_at`; stale if that was changed since. */
export function cancelWhenDue(account: Account, id: string, at: number) {
  const subscription = account.store.get("subscription", id)
  if (!subscription || isOver(subscription) || subscription.cancel_at !== at) return
  endAsScheduled(account, subscription)
}

function end(account: Account, subscription: Stripe.Subscription) {
  assign(subscription, { status: "canceled", ended_at: account.now() })
  for (const invoice of account.store.all("invoice")) {
    if (invoice.parent?.subscription_details?.subscription !== subscription.id) continue
    if (invoice.status === "draft" || invoice.status === "open") {
      assign(invoice, { auto_advance: false, next_payment_attempt: null })
    }
  }
  account.emit("customer.subscription.deleted", subscription)
}
