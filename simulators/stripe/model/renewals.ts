import type Stripe from "stripe"
import type { Account } from "./account.ts"
import { endSubscription } from "./cancel.ts"
import { assign, change } from "./change.ts"
import { collectInvoice } from "./collect.ts"
import { draftInvoice, finalizeInvoice, invoicesOf, lineFor, paymentOf, voidInvoice } from "./invoices.ts"
import { HOUR, nextPeriod } from "./periods.ts"
import { isOver, itemOf } from "./subscriptions.ts"

const RENEWAL_ORDER = "invoice.finalized payment_intent.created charge.succeeded payment_intent.succeeded"

/** Begins the next period of a subscription whose current one ends at `at`, or ends it if that was asked for. */
export function rollPeriod(account: Account, id: string, at: number) {
  const subscription = account.store.get("subscription", id)
  if (!subscription || isOver(subscription)) return
  const item = itemOf(subscription)
  if (item.current_period_end !== at || subscription.status === "incomplete") return
  if (subscription.cancel_at !== null && subscription.cancel_at <= at)
    return endSubscription(account, subscription)
  renew(account, subscription, item)
}

/** Due three days before a trial ends. */
export function announceTrialEnd(account: Account, id: string) {
  const subscription = account.store.get("subscription", id)
  if (subscription?.status === "trialing") account.emit("customer.subscription.trial_will_end", subscription)
}

/** Due an hour after a draft. */
export function finalizeWhenDue(account: Account, id: string) {
  const invoice = account.store.get("invoice", id)
  if (invoice?.status !== "draft" || !invoice.auto_advance) return
  account.inOrder(RENEWAL_ORDER, () => {
    finalizeInvoice(account, invoice, { present: false })
    collectInvoice(account, invoice, { present: false })
  })
}

/** Due at an invoice's `next_payment_attempt`; stale if that was changed since. */
export function retryWhenDue(account: Account, id: string, at: number) {
  const invoice = account.store.get("invoice", id)
  if (invoice?.status !== "open" || invoice.next_payment_attempt !== at) return
  collectInvoice(account, invoice, { present: false })
}

/** Expires a subscription that is unpaid 23 hours after its creation, unless a payment is in flight. */
export function expireIncomplete(account: Account, id: string) {
  const subscription = account.store.get("subscription", id)
  if (subscription?.status !== "incomplete" || isClearing(account, id)) return
  change(account, "customer.subscription.updated", subscription, {
    status: "incomplete_expired",
    ended_at: account.now(),
  })
  for (const invoice of invoicesOf(account, id)) {
    if (invoice.status === "open") voidInvoice(account, invoice)
  }
}

function isClearing(account: Account, id: string): boolean {
  return invoicesOf(account, id).some(
    (invoice) => paymentOf(account, invoice)?.intent.status === "processing",
  )
}

function renew(account: Account, subscription: Stripe.Subscription, item: Stripe.SubscriptionItem) {
  const covered = { start: item.current_period_start, end: item.current_period_end }
  const recurring = item.price.recurring ?? { interval: "month", interval_count: 1 }
  const paid = nextPeriod(subscription.billing_cycle_anchor, covered.end, recurring)
  const lines = [lineFor(subscription, paid)]
  const invoice = draftInvoice(account, subscription, { reason: "subscription_cycle", lines, covered })
  const moved = { ...item, current_period_start: paid.start, current_period_end: paid.end }
  change(account, "customer.subscription.updated", subscription, {
    items: { ...subscription.items, data: [moved] },
    latest_invoice: invoice.id,
    // The trial is over; whether the renewal can be charged shows in an hour.
    ...(subscription.status === "trialing" && { status: "active" as const }),
  })
  account.tasks.add(paid.end, "roll_period", subscription)
  if (subscription.status === "unpaid") return void assign(invoice, { auto_advance: false })
  // Recorded: about an hour after its draft.
  const at = invoice.created + HOUR
  assign(invoice, { automatically_finalizes_at: at })
  account.tasks.add(at, "finalize_invoice", invoice)
}
