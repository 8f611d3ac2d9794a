import type Stripe from "stripe"
import type { Account } from "./account.ts"
import { assign } from "./change.ts"
import { settleInvoice } from "./collect.ts"
import { paymentOf } from "./invoices.ts"
import { fail, succeed } from "./payments.ts"
import { DAY } from "./periods.ts"
import { expireIncomplete } from "./renewals.ts"
import { INCOMPLETE_SECONDS } from "./subscribe.ts"

type Session = Stripe.Checkout.Session

/** A payment that clears later does so after this many days. */
const CLEARING_DAYS = 3

/** Due days after a payment that clears late, unless it was settled by hand. */
export function settleWhenDue(account: Account, id: string) {
  const outcome = account.store.get("session_record", id)?.lateOutcome
  const session = account.store.get("session", id)
  if (outcome && session && isPending(session)) settleLate(account, session, outcome)
}

export function isPending({ status, payment_status }: Session): boolean {
  return status === "complete" && payment_status === "unpaid"
}

/** A payment that was pending clears, or fails. */
export function settleLate(account: Account, session: Session, outcome: "succeed" | "fail") {
  const invoice = account.store.need("invoice", String(session.invoice))
  const intent = paymentOf(account, invoice)?.intent
  if (outcome === "fail") {
    if (intent) fail(account, intent, "insufficient_funds")
    assign(invoice, { attempt_count: invoice.attempt_count + 1, attempted: true })
    account.emit("invoice.payment_failed", invoice)
    account.emit("checkout.session.async_payment_failed", session)
    const { id, created } = account.store.need("subscription", String(session.subscription))
    // The 23 hours may have passed while the payment was in flight.
    if (account.now() >= created + INCOMPLETE_SECONDS) expireIncomplete(account, id)
    return
  }
  if (intent) succeed(account, intent)
  settleInvoice(account, invoice)
  assign(session, { payment_status: "paid" })
  account.emit("checkout.session.async_payment_succeeded", session)
}

/** The payment of a completed session is in flight; its outcome may be known. */
export function awaitClearing(account: Account, session: Session, async: "succeed" | "fail" | "pending") {
  const invoice = account.store.need("invoice", String(session.invoice))
  const intent = paymentOf(account, invoice)?.intent
  if (intent) {
    assign(intent, { status: "processing" })
    account.emit("payment_intent.processing", intent)
  }
  if (async === "pending") return
  account.store.need("session_record", session.id).lateOutcome = async
  account.tasks.add(account.now() + CLEARING_DAYS * DAY, "settle_session", session)
}
