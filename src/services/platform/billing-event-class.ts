/** Stripe has hundreds of event types, too many for a metric's label. */
const CLASSES = [
  "checkout.session",
  "customer.subscription",
  "invoice",
  "charge",
  "customer",
  "payment_intent",
]

/** Maps a Stripe event type to one of a few classes, as `customer.subscription.updated` to `customer.subscription`. */
export function billingEventClass(type: string): string {
  return CLASSES.find((name) => type.replace(/^v1\./, "").startsWith(`${name}.`)) ?? "other"
}
