import type Stripe from "stripe"
import { assign } from "./change.ts"
import { settleInvoice } from "./collect.ts"
import { paymentOf } from "./invoices.ts"
import { fail, succeed } from "./payments.ts"
import { DAY } from "./periods.ts"
import { expireIncomplete } from "./renewals.ts"
import { INCOMPLETE_SECONDS } from "./subscribe.ts"
import type { World } from "./world.ts"

export type Late = "succeed" | "fail" | "pending"

/** A payment that clears later does so after this many days. */
const CLEARING_DAYS = 3

/** Due days after a payment that clears late, unless it was settled by hand. */
export function settleWhenDue(world: World, id: string) {
  const outcome = world.store.get("session_record", id)?.lateOutcome
  const session = world.store.get("session", id)
  if (outcome && session && isPending(session)) settleLate(world, session, outcome)
}

export function isPending({ status, payment_status }: Stripe.Checkout.Session): boolean {
  return status === "complete" && payment_status === "unpaid"
}

/** A payment that was pending clears, or doesn't. */
export function settleLate(world: World, session: Stripe.Checkout.Session, outcome: "succeed" | "fail") {
  const invoice = world.store.need("invoice", String(session.invoice))
  const payment = paymentOf(world, invoice)
  const method = world.store.get("payment_method", String(payment?.intent.payment_method))
  if (outcome === "fail") {
    if (payment) fail(world, payment.intent, method, "insufficient_funds")
    assign(invoice, { attempt_count: invoice.attempt_count + 1, attempted: true })
    world.emit("invoice.payment_failed", invoice)
    world.emit("checkout.session.async_payment_failed", session)
    expireIfLate(world, String(session.subscription))
    return
  }
  if (payment) succeed(world, payment.intent, method)
  settleInvoice(world, invoice)
  assign(session, { payment_status: "paid" })
  world.emit("checkout.session.async_payment_succeeded", session)
}

/** The payment of a completed session is under way; how it will end may be known. */
export function awaitClearing(world: World, session: Stripe.Checkout.Session, async: Late = "pending") {
  const invoice = world.store.need("invoice", String(session.invoice))
  const intent = paymentOf(world, invoice)?.intent
  if (intent) {
    assign(intent, { status: "processing" })
    world.emit("payment_intent.processing", intent)
  }
  if (async === "pending") return
  world.store.need("session_record", session.id).lateOutcome = async
  world.agenda.add({ at: world.now() + CLEARING_DAYS * DAY, task: "settle_session", id: session.id })
}

/** The 23 hours may have passed while the payment was under way. */
function expireIfLate(world: World, id: string) {
  const { created } = world.store.need("subscription", id)
  if (world.now() >= created + INCOMPLETE_SECONDS) expireIncomplete(world, id)
}
