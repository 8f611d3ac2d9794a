/** The order of a paid checkout's events when it makes the customer, observed with `stripe listen`. */
export const NEW_CUSTOMER_ORDER = [
  "charge.succeeded",
  "payment_method.attached",
  "customer.created",
  "customer.updated",
  "checkout.session.completed",
  "customer.subscription.created",
  "payment_intent.created",
  "payment_intent.succeeded",
  "invoice.created",
  "invoice.finalized",
  "invoice.paid",
  "invoice.payment_succeeded",
  "invoice_payment.paid",
]

/** The same, as observed with a customer who was there before. */
export const KNOWN_CUSTOMER_ORDER = swapped(
  NEW_CUSTOMER_ORDER.filter((type) => type !== "customer.created"),
  "payment_intent.created",
  "payment_intent.succeeded",
)

function swapped(list: string[], one: string, other: string): string[] {
  return list.map((entry) => (entry === one ? other : entry === other ? one : entry))
}
