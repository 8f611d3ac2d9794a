import type Stripe from "stripe"
import { type Period, subscriptionObject } from "../objects/subscription.ts"
import type { Account } from "./account.ts"
import { outcomeOf } from "./card-kinds.ts"
import { assign } from "./change.ts"
import { collectInvoice } from "./collect.ts"
import { addDiscount, type Promotion } from "./discounts.ts"
import { draftInvoice, finalizeInvoice, lineFor } from "./invoices.ts"
import { DAY, HOUR, nextPeriod } from "./periods.ts"
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
  trialDays?: number | null
  promotion?: Promotion | null
  /** The Checkout session that it comes from. */
  session?: string
  isTaxed?: boolean
}

const API_ORDER = "customer.subscription.created invoice.created invoice.finalized payment_intent.created"

/**
 * Makes a subscription the way the API does: it is `incomplete` until its first invoice is paid. Refuses
 * when there is no card to charge.
 */
export function subscribe(account: Account, wanted: Subscribe): Stripe.Subscription {
  const { customer, behavior = "allow_incomplete" } = wanted
  const method = wanted.paymentMethod ?? customer.invoice_settings.default_payment_method
  if (!method && behavior !== "default_incomplete" && !wanted.trialDays) throw withoutCard()
  if (behavior === "error_if_incomplete" && method) requireGood(account, String(method))
  return account.inOrder(API_ORDER, () => {
    const { subscription, invoice } = openSubscription(account, wanted)
    customer.currency ??= wanted.price.currency
    account.emit("customer.subscription.created", subscription)
    finalizeInvoice(account, invoice, { present: true })
    if (behavior !== "default_incomplete") collectInvoice(account, invoice, { present: true })
    return subscription
  })
}

/** A subscription with the draft of its first invoice. */
export function openSubscription(account: Account, wanted: Subscribe) {
  const { recurring } = wanted.price
  if (!recurring) {
    throw invalid(
      "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.",
      "items[0][price]",
    )
  }
  const now = account.now()
  const { trialDays, promotion, session = null } = wanted
  const period = trialDays ? { start: now, end: now + trialDays * DAY } : nextPeriod(now, now, recurring)
  const subscription = addSubscription(account, wanted, period)
  if (promotion) addDiscount(account, subscription, promotion, session)
  const lines = [lineFor(subscription, period, { isFree: Boolean(trialDays) })]
  const covered = { start: now, end: now }
  const invoice = draftInvoice(account, subscription, { reason: "subscription_create", lines, covered })
  assign(subscription, { latest_invoice: invoice.id, ...(trialDays && { status: "trialing" }) })
  account.tasks.add(period.end, "roll_period", subscription)
  if (trialDays) account.tasks.add(Math.max(now, period.end - 3 * DAY), "announce_trial_end", subscription)
  else account.tasks.add(now + INCOMPLETE_SECONDS, "expire_incomplete", subscription)
  return { subscription, invoice }
}

function addSubscription(account: Account, wanted: Subscribe, period: Period): Stripe.Subscription {
  const { customer, price, quantity = 1, paymentMethod = null, metadata = {}, description } = wanted
  const { start, end } = period
  const subscription = subscriptionObject(account, {
    customer: customer.id,
    price: structuredClone(price),
    default_payment_method: paymentMethod,
    ...{ quantity, period, metadata, description },
    ...(wanted.trialDays && { trial_start: start, trial_end: end, billing_cycle_anchor: end }),
    ...(wanted.isTaxed && { automatic_tax: TAXED }),
  })
  return account.store.add("subscription", subscription)
}

const TAXED = { disabled_reason: null, enabled: true, liability: { type: "self" } } as const

function requireGood(account: Account, method: string) {
  const record = account.store.need("card", method)
  const outcome = outcomeOf(record.card, { ...record, present: true })
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
