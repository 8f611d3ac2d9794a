import type Stripe from "stripe"

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
