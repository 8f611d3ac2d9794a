import type Stripe from "stripe"
import type { Account } from "./account.ts"
import { cancelNow } from "./cancel.ts"
import type { Outcome } from "./card-kinds.ts"
import { assign, change } from "./change.ts"
import { cardFor, paymentOf, subscriptionOf } from "./invoices.ts"
import { attemptPayment } from "./payments.ts"
import { DAY } from "./periods.ts"
import { isOver } from "./subscriptions.ts"

export type Collection = {
  /** The customer is there. */
  present: boolean
  /** Requested by a person, not by the retry schedule, which stays as it is. */
  manual?: boolean
  /** The invoice of a new subscription, whose changes have no events of their own. */
  first?: boolean
}

/** Tries to collect an open invoice; on success or failure its subscription follows. */
export function collectInvoice(account: Account, invoice: Stripe.Invoice, collection: Collection): Outcome {
  const payment = paymentOf(account, invoice)
  if (!payment) {
    settleInvoice(account, invoice, collection)
    return "paid"
  }
  payment.intent.payment_method = cardFor(account, invoice)
  const outcome = attemptPayment(account, payment.intent, collection.present)
  if (outcome === "paid") settleInvoice(account, invoice, collection)
  else noteFailure(account, invoice, outcome, collection)
  return outcome
}

/** Notes that an invoice is paid, by its payment or by other means (`outOfBand`). */
export function settleInvoice(
  account: Account,
  invoice: Stripe.Invoice,
  { first = false, outOfBand = false }: { first?: boolean; outOfBand?: boolean } = {},
) {
  const now = account.now()
  const previous = assign(invoice, {
    amount_paid: invoice.amount_due,
    amount_remaining: 0,
    attempt_count: outOfBand ? invoice.attempt_count : invoice.attempt_count + 1,
    attempted: true,
    auto_advance: false,
    next_payment_attempt: null,
    status: "paid",
    status_transitions: { ...invoice.status_transitions, paid_at: now },
  })
  if (!first) account.emit("invoice.updated", invoice, previous)
  account.emit("invoice.paid", invoice)
  if (!outOfBand) {
    account.emit("invoice.payment_succeeded", invoice)
    settleInvoicePayment(account, invoice)
  }
  if (!first) recover(account, invoice)
}

function settleInvoicePayment(account: Account, invoice: Stripe.Invoice) {
  const invoicePayment = paymentOf(account, invoice)?.invoicePayment
  if (!invoicePayment) return
  assign(invoicePayment, {
    amount_paid: invoice.amount_due,
    status: "paid",
    status_transitions: { ...invoicePayment.status_transitions, paid_at: account.now() },
  })
  account.emit("invoice_payment.paid", invoicePayment)
}

/** https://docs.stripe.com/billing/subscriptions/overview: the latest invoice decides the status. */
function recover(account: Account, invoice: Stripe.Invoice) {
  const subscription = subscriptionOf(account, invoice)
  if (isOver(subscription) || subscription.latest_invoice !== invoice.id) return
  if (subscription.status === "trialing") return
  change(account, "customer.subscription.updated", subscription, { status: "active" })
}

function noteFailure(account: Account, invoice: Stripe.Invoice, outcome: Outcome, { manual }: Collection) {
  const subscription = subscriptionOf(account, invoice)
  const incomplete = subscription.status === "incomplete"
  // Recorded: an invoice that waits for its owner's confirmation counts no attempt and has no next one.
  const action = outcome === "authentication_required"
  const scheduled = !action && !manual && !incomplete
  const attempts = invoice.attempt_count + (action ? 0 : 1)
  const previous = assign(invoice, {
    attempt_count: attempts,
    attempted: true,
    ...(scheduled && { next_payment_attempt: nextAttempt(account, invoice, attempts) }),
  })
  account.emit(action ? "invoice.payment_action_required" : "invoice.payment_failed", invoice)
  if (incomplete) return
  account.emit("invoice.updated", invoice, previous)
  if (subscription.status === "active") {
    change(account, "customer.subscription.updated", subscription, { status: "past_due" })
  }
  if (scheduled && invoice.next_payment_attempt === null) giveUp(account, subscription)
}

function nextAttempt(account: Account, invoice: Stripe.Invoice, attempts: number): number | null {
  const days = account.settings.retryDays[attempts - 1]
  if (days === undefined) return null
  const at = account.now() + Math.round(days * DAY)
  account.tasks.add(at, "retry_invoice", invoice)
  return at
}

function giveUp(account: Account, subscription: Stripe.Subscription) {
  if (isOver(subscription)) return
  const { dunning } = account.settings
  if (dunning === "cancel") cancelNow(account, subscription, "payment_failed")
  if (dunning === "unpaid") {
    change(account, "customer.subscription.updated", subscription, { status: "unpaid" })
  }
}
