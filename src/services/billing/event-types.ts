/**
 * The events after which a customer's subscriptions may have changed. All others are stored and ignored.
 * `invoice.paid` includes payments outside Stripe, `invoice.payment_succeeded` doesn't.
 */
export const HANDLED_EVENTS = [
  "checkout.session.completed",
  "checkout.session.async_payment_succeeded",
  "checkout.session.async_payment_failed",
  "checkout.session.expired",
  "customer.subscription.created",
  "customer.subscription.updated",
  "customer.subscription.deleted",
  "customer.subscription.paused",
  "customer.subscription.resumed",
  "customer.subscription.trial_will_end",
  "invoice.paid",
  "invoice.payment_succeeded",
  "invoice.payment_failed",
  "invoice.payment_action_required",
  "invoice.voided",
  "invoice.marked_uncollectible",
  "charge.refunded",
  "charge.refund.updated",
  "refund.created",
  "refund.updated",
  "refund.failed",
  "charge.dispute.created",
  "charge.dispute.updated",
  "charge.dispute.funds_withdrawn",
  "charge.dispute.funds_reinstated",
  "charge.dispute.closed",
  "customer.deleted",
] as const

const HANDLED = new Set<string>(HANDLED_EVENTS)

/** Thin events have the same types with this prefix. */
const THIN = /^v1\./

/** Returns the type of an event without the prefix of thin ones. */
export function plainType(type: string): string {
  return type.replace(THIN, "")
}

/** Checks whether an event is thin: it names an object and has no more of it than the id. */
export function isThin(type: string): boolean {
  return THIN.test(type)
}

/** Matches events that Stripe may add to these families. An unnecessary sync does no harm. */
const FAMILIES = /^(?:customer\.subscription|charge\.dispute|checkout\.session|refund)\./

/** Checks whether events of this type are handled. */
export function isHandled(type: string): boolean {
  const plain = plainType(type)
  return HANDLED.has(plain) || FAMILIES.test(plain)
}
