import type Stripe from "stripe"
import { planObject } from "../objects/catalog.ts"
import type { NewLine } from "../objects/invoice.ts"
import type { Account } from "./account.ts"
import { outcomeOf } from "./card-kinds.ts"
import { assign, change } from "./change.ts"
import { collectInvoice } from "./collect.ts"
import { draftInvoice, finalizeInvoice, invoicesOf, lineFor } from "./invoices.ts"
import { nextPeriod } from "./periods.ts"
import { declined, invalid } from "./refusals.ts"
import { itemOf } from "./subscriptions.ts"

/**
 * Changes the price of a subscription as the portal does: a new period begins now and is charged at once, less what was
 * paid for the rest of the old one. In a trial only the price changes. A declined card changes nothing.
 */
export function switchPlan(account: Account, subscription: Stripe.Subscription, price: Stripe.Price) {
  const item = itemOf(subscription)
  if (item.price.id === price.id) return
  if (!["active", "trialing"].includes(subscription.status) || subscription.cancel_at !== null) {
    throw invalid("This subscription can't be changed.")
  }
  if (!price.recurring || price.currency !== subscription.currency) {
    throw invalid("This subscription can't change to that price.", "price")
  }
  const changed = { ...item, price: structuredClone(price), plan: planObject(price) }
  if (subscription.status === "trialing") return moveTo(account, subscription, changed)
  requireGoodCard(account, subscription)
  const credit = creditFor(account, subscription)
  const now = account.now()
  const period = nextPeriod(now, now, price.recurring)
  moveTo(account, subscription, {
    ...changed,
    current_period_start: period.start,
    current_period_end: period.end,
  })
  charge(account, subscription, credit)
}

function moveTo(account: Account, subscription: Stripe.Subscription, item: Stripe.SubscriptionItem) {
  const isNewPeriod = item.current_period_end !== itemOf(subscription).current_period_end
  change(account, "customer.subscription.updated", subscription, {
    items: { ...subscription.items, data: [item] },
    ...(isNewPeriod && { billing_cycle_anchor: item.current_period_start }),
  })
  if (isNewPeriod) account.tasks.add(item.current_period_end, "roll_period", subscription)
}

function charge(account: Account, subscription: Stripe.Subscription, credit: NewLine) {
  const item = itemOf(subscription)
  const period = { start: item.current_period_start, end: item.current_period_end }
  const invoice = draftInvoice(account, subscription, {
    reason: "subscription_update",
    lines: [credit, lineFor(subscription, period)],
    covered: { start: period.start, end: period.start },
  })
  assign(subscription, { latest_invoice: invoice.id })
  finalizeInvoice(account, invoice, { present: true })
  collectInvoice(account, invoice, { present: true })
}

/** The share of what was paid for this period that is still ahead. */
function creditFor(account: Account, subscription: Stripe.Subscription): NewLine {
  const item = itemOf(subscription)
  const { current_period_start: start, current_period_end: end, price, quantity = 1 } = item
  const now = account.now()
  const line = invoicesOf(account, subscription.id)
    .filter(({ status }) => status === "paid")
    .flatMap(({ lines }) => lines.data)
    .findLast(({ amount, period }) => amount >= 0 && period.end === end)
  const discount = line?.discount_amounts?.[0]?.amount ?? 0
  const paid = (line?.amount ?? 0) - discount
  // Not -0, which isn't 0 in a comparison.
  const amount = 0 - Math.round((paid * (end - now)) / (end - start))
  return { price, quantity, amount, period: { start: now, end }, about: "Unused time on" }
}

function requireGoodCard(account: Account, { default_payment_method: method }: Stripe.Subscription) {
  const card = account.store.get("card", String(method))
  const outcome = card ? outcomeOf(card.card, { ...card, present: true }) : "card_declined"
  if (outcome !== "paid") throw declined(outcome)
}
