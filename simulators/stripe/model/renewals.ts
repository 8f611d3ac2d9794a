import type Stripe from "stripe"
import { endAsScheduled, isOver, itemOf } from "./cancel.ts"
import { assign, change } from "./change.ts"
import { collectInvoice } from "./collect.ts"
import { draftInvoice, finalizeInvoice, invoicesOf, paymentOf, voidInvoice } from "./invoices.ts"
import { HOUR, nextPeriod } from "./periods.ts"
import type { World } from "./world.ts"

/** Recorded: an invoice of a renewal is finalized about an hour after its draft. */
export const DRAFT_SECONDS = HOUR

const RENEWAL_ORDER = [
  "invoice.finalized",
  "payment_intent.created",
  "charge.succeeded",
  "payment_intent.succeeded",
]

/** Begins the next period of a subscription whose current one ends at `at`, or ends it if that was asked for. */
export function rollPeriod(world: World, id: string, at: number) {
  const subscription = world.store.get("subscription", id)
  if (!subscription || isOver(subscription)) return
  const item = itemOf(subscription)
  if (item.current_period_end !== at || subscription.status === "incomplete") return
  if (subscription.cancel_at !== null && subscription.cancel_at <= at)
    return endAsScheduled(world, subscription)
  renew(world, subscription, item)
}

/** Due an hour after a draft. */
export function finalizeWhenDue(world: World, id: string) {
  const invoice = world.store.get("invoice", id)
  if (invoice?.status !== "draft" || !invoice.auto_advance) return
  world.inOrder(RENEWAL_ORDER, () => {
    finalizeInvoice(world, invoice, { present: false })
    collectInvoice(world, invoice, { present: false })
  })
}

/** Due at an invoice's `next_payment_attempt`; stale if that was changed since. */
export function retryWhenDue(world: World, id: string, at: number) {
  const invoice = world.store.get("invoice", id)
  if (invoice?.status !== "open" || invoice.next_payment_attempt !== at) return
  collectInvoice(world, invoice, { present: false })
}

/** Due 23 hours after a subscription was made that nobody has paid for. A payment under way is waited for. */
export function expireIncomplete(world: World, id: string) {
  const subscription = world.store.get("subscription", id)
  if (subscription?.status !== "incomplete" || isClearing(world, id)) return
  change(world, "customer.subscription.updated", subscription, {
    status: "incomplete_expired",
    ended_at: world.now(),
  })
  for (const invoice of invoicesOf(world, id)) {
    if (invoice.status === "open") voidInvoice(world, invoice)
  }
}

function isClearing(world: World, id: string): boolean {
  return invoicesOf(world, id).some((invoice) => paymentOf(world, invoice)?.intent.status === "processing")
}

function renew(world: World, subscription: Stripe.Subscription, item: Stripe.SubscriptionItem) {
  const covered = { start: item.current_period_start, end: item.current_period_end }
  const recurring = item.price.recurring ?? { interval: "month", interval_count: 1 }
  const paid = nextPeriod(subscription.billing_cycle_anchor, covered.end, recurring)
  const invoice = draftInvoice(world, subscription, { reason: "subscription_cycle", paid, covered })
  const moved = { ...item, current_period_start: paid.start, current_period_end: paid.end }
  change(world, "customer.subscription.updated", subscription, {
    items: { ...subscription.items, data: [moved] },
    latest_invoice: invoice.id,
  })
  world.agenda.add({ at: paid.end, task: "roll_period", id: subscription.id })
  if (subscription.status === "unpaid") assign(invoice, { auto_advance: false })
  else scheduleFinalization(world, invoice)
}

function scheduleFinalization(world: World, invoice: Stripe.Invoice) {
  const at = invoice.created + DRAFT_SECONDS
  assign(invoice, { automatically_finalizes_at: at })
  world.agenda.add({ at, task: "finalize_invoice", id: invoice.id })
}
