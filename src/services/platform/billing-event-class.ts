/** Kinds of Stripe events that are worth a line of their own in a chart; there are hundreds of types. */
const CLASSES = [
  "checkout.session",
  "customer.subscription",
  "invoice",
  "charge",
  "customer",
  "payment_intent",
]

/** The kind of a Stripe event, of few: `customer.subscription.updated` is a `customer.subscription`. */
export function billingEventClass(type: string): string {
  return CLASSES.find((name) => type.startsWith(`${name}.`)) ?? "other"
}
