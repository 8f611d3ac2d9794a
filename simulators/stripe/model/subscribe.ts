import type Stripe from "stripe"
import { subscriptionObject } from "../objects/subscription.ts"
import type { Account } from "./account.ts"
import { outcomeOf } from "./card-kinds.ts"
import { assign } from "./change.ts"
import { collectInvoice } from "./collect.ts"
import { draftInvoice, finalizeInvoice } from "./invoices.ts"
import { firstPeriod, HOUR } from "./periods.ts"
import { declined, invalid, Refused } from "./refusals.ts"

/** https://docs.stripe.com/billing/subscriptions/overview: an incomplete subscription can be paid for 23 hours. */
export const INCOMPLETE_SECONDS = 23 * HOUR

export type Subscribe = {
  customer: Stripe.Customer
  price: Stripe.Price
  quantity?: number
  paymentMethod?: string | null
  metadata?: Stripe.Metadata
  description?: string
  behavior?: "allow_incomplete" | "default_incomplete" | "error_if_incomplete"
}

const API_ORDER = [
  "customer.subscription.created",
  "invoice.created",
  "invoice.finalized",
  "payment_intent.created",
]

/**
 * Makes a subscription the way the API does: it is `incomplete` until its first invoice is paid. Refuses
 * when there is no card to charge.
 */
export function subscribe(account: Account, wish: Subscribe): Stripe.Subscription {
  const { customer, behavior = "allow_incomplete" } = wish
  const method = wish.paymentMethod ?? customer.invoice_settings.default_payment_method
  if (!method && behavior !== "default_incomplete") throw withoutCard()
  if (behavior === "error_if_incomplete") requireGood(account, String(method))
  return account.inOrder(API_ORDER, () => {
    const { subscription, invoice } = openSubscription(account, {
      ...wish,
      paymentMethod: wish.paymentMethod ?? null,
    })
    customer.currency ??= wish.price.currency
    account.emit("customer.subscription.created", subscription)
    finalizeInvoice(account, invoice, { present: true })
    if (behavior !== "default_incomplete") collectInvoice(account, invoice, { present: true })
    return subscription
  })
}

/** A subscription with the draft of its first invoice. */
export function openSubscription(account: Account, wish: Subscribe & { paymentMethod: string | null }) {
  const { recurring } = wish.price
  if (!recurring) {
    throw invalid(
      "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.",
      "items[0][price]",
    )
  }
  const period = firstPeriod(account.now(), recurring)
  const subscription = account.store.add(
    "subscription",
    subscriptionObject(account, {
      customer: wish.customer.id,
      price: structuredClone(wish.price),
      quantity: wish.quantity ?? 1,
      period,
      paymentMethod: wish.paymentMethod,
      metadata: wish.metadata ?? {},
      description: wish.description,
    }),
  )
  const start = { start: period.start, end: period.start }
  const invoice = draftInvoice(account, subscription, {
    reason: "subscription_create",
    paid: period,
    covered: start,
  })
  assign(subscription, { latest_invoice: invoice.id })
  account.agenda.add({ at: period.end, task: "roll_period", id: subscription.id })
  account.agenda.add({
    at: period.start + INCOMPLETE_SECONDS,
    task: "expire_incomplete",
    id: subscription.id,
  })
  return { subscription, invoice }
}

function requireGood(account: Account, method: string) {
  const { card, authenticated } = account.store.need("card", method)
  const outcome = outcomeOf(card, { present: true, authenticated })
  if (outcome !== "paid") throw declined(outcome)
}

/** As recorded. */
function withoutCard(): Refused {
  return new Refused(400, {
    code: "resource_missing",
    message:
      "This customer has no attached payment source or default payment method. Please consider adding a default payment method. For more information, visit https://stripe.com/docs/billing/subscriptions/payment-methods-setting#payment-method-priority.",
    type: "invalid_request_error",
  })
}
