import type Stripe from "stripe"
import { cancelNow, isOver } from "./cancel.ts"
import type { Outcome } from "./card-kinds.ts"
import { assign, change } from "./change.ts"
import { cardFor, paymentOf, subscriptionOf } from "./invoices.ts"
import { attemptPayment } from "./payments.ts"
import { DAY } from "./periods.ts"
import type { World } from "./world.ts"

export type Collection = {
  /** The customer is there. */
  present: boolean
  /** Asked for by somebody rather than by the schedule, which then stays as it is. */
  manual?: boolean
  /** The invoice of a new subscription, whose changes aren't told one by one. */
  first?: boolean
}

/** Tries to collect an open invoice; on success or failure its subscription follows. */
export function collectInvoice(world: World, invoice: Stripe.Invoice, collection: Collection): Outcome {
  const payment = paymentOf(world, invoice)
  if (!payment) {
    settleInvoice(world, invoice, collection)
    return "paid"
  }
  payment.intent.payment_method = cardFor(world, invoice)
  const outcome = attemptPayment(world, payment.intent, collection)
  if (outcome === "paid") settleInvoice(world, invoice, collection)
  else noteFailure(world, invoice, outcome, collection)
  return outcome
}

/** Notes that an invoice is paid, by its payment or by other means (`outOfBand`). */
export function settleInvoice(
  world: World,
  invoice: Stripe.Invoice,
  { first = false, outOfBand = false }: { first?: boolean; outOfBand?: boolean } = {},
) {
  const now = world.now()
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
  if (!first) world.emit("invoice.updated", invoice, previous)
  world.emit("invoice.paid", invoice)
  if (!outOfBand) {
    world.emit("invoice.payment_succeeded", invoice)
    settleJoint(world, invoice)
  }
  if (!first) recover(world, invoice)
}

function settleJoint(world: World, invoice: Stripe.Invoice) {
  const joint = paymentOf(world, invoice)?.joint
  if (!joint) return
  assign(joint, {
    amount_paid: invoice.amount_due,
    status: "paid",
    status_transitions: { ...joint.status_transitions, paid_at: world.now() },
  })
  world.emit("invoice_payment.paid", joint)
}

/** https://docs.stripe.com/billing/subscriptions/overview: the latest invoice decides the status. */
function recover(world: World, invoice: Stripe.Invoice) {
  const subscription = subscriptionOf(world, invoice)
  if (isOver(subscription) || subscription.latest_invoice !== invoice.id) return
  change(world, "customer.subscription.updated", subscription, { status: "active" })
}

function noteFailure(world: World, invoice: Stripe.Invoice, outcome: Outcome, { manual }: Collection) {
  const subscription = subscriptionOf(world, invoice)
  const incomplete = subscription.status === "incomplete"
  // Recorded: an invoice that waits for its owner's confirmation counts no attempt and has no next one.
  const action = outcome === "authentication_required"
  const scheduled = !action && !manual && !incomplete
  const attempts = invoice.attempt_count + (action ? 0 : 1)
  const previous = assign(invoice, {
    attempt_count: attempts,
    attempted: true,
    ...(scheduled && { next_payment_attempt: nextAttempt(world, invoice, attempts) }),
  })
  world.emit(action ? "invoice.payment_action_required" : "invoice.payment_failed", invoice)
  if (incomplete) return
  world.emit("invoice.updated", invoice, previous)
  if (subscription.status === "active") {
    change(world, "customer.subscription.updated", subscription, { status: "past_due" })
  }
  if (scheduled && invoice.next_payment_attempt === null) giveUp(world, subscription)
}

function nextAttempt(world: World, invoice: Stripe.Invoice, attempts: number): number | null {
  const days = world.settings.retryDays[attempts - 1]
  if (days === undefined) return null
  const at = world.now() + Math.round(days * DAY)
  world.agenda.add({ at, task: "retry_invoice", id: invoice.id })
  return at
}

function giveUp(world: World, subscription: Stripe.Subscription) {
  if (isOver(subscription)) return
  const { dunning } = world.settings
  if (dunning === "cancel") cancelNow(world, subscription, "payment_failed")
  if (dunning === "unpaid") {
    change(world, "customer.subscription.updated", subscription, { status: "unpaid" })
  }
}
