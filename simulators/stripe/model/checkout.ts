import type Stripe from "stripe"
import { paymentIntentObject } from "../objects/payment-intent.ts"
import { customerDetails, type NewSession, sessionObject } from "../objects/session.ts"
import type { Account } from "./account.ts"
import { type CardKind, outcomeOf } from "./card-kinds.ts"
import { attachCard, createCard } from "./cards.ts"
import { assign } from "./change.ts"
import { awaitClearing, type Late } from "./checkout-late.ts"
import { KNOWN_CUSTOMER_ORDER, NEW_CUSTOMER_ORDER } from "./checkout-order.ts"
import { settleInvoice } from "./collect.ts"
import { createCustomer } from "./customers.ts"
import { finalizeInvoice, paymentOf } from "./invoices.ts"
import { fail, succeed } from "./payments.ts"
import { type Decline, declined, invalid } from "./refusals.ts"
import { openSubscription } from "./subscribe.ts"

export type Payment = {
  card?: CardKind
  /** The buyer has confirmed the card. */
  authenticated?: boolean
  /** A payment that clears later; `succeed` and `fail` say how it will end, `pending` leaves that open. */
  async?: Late
  email?: string
  name?: string
}

export type CheckoutResult =
  | { status: "complete"; session: Stripe.Checkout.Session }
  | { status: "declined"; session: Stripe.Checkout.Session; message: string }
  | { status: "requires_action"; session: Stripe.Checkout.Session }

export type OpenSession = NewSession & {
  price: string
  quantity: number
  subscriptionMetadata: Stripe.Metadata
}

/** Adds an open session, which expires when its time comes. */
export function openCheckout(account: Account, fields: OpenSession): Stripe.Checkout.Session {
  const session = account.store.add("session", sessionObject(account, fields))
  const { price, quantity, subscriptionMetadata } = fields
  account.store.add("session_record", {
    id: session.id,
    price,
    quantity,
    subscriptionMetadata,
    lateOutcome: null,
  })
  account.agenda.add({ at: session.expires_at, task: "expire_session", id: session.id })
  return session
}

/** The buyer pays. Refuses when the session isn't open any more. A declined card leaves it open. */
export function payCheckout(
  account: Account,
  session: Stripe.Checkout.Session,
  payment: Payment,
): CheckoutResult {
  if (session.status !== "open") {
    throw invalid(`This Checkout Session is ${session.status}: it can't be paid.`)
  }
  const { card = "ok", authenticated = false } = payment
  const outcome = outcomeOf(card, { present: true, authenticated })
  if (outcome === "authentication_required") return { status: "requires_action", session }
  if (outcome !== "paid") return decline(account, session, card, outcome)
  const order = session.customer ? KNOWN_CUSTOMER_ORDER : NEW_CUSTOMER_ORDER
  return account.inOrder(order, () => complete(account, session, { ...payment, card }))
}

/** Ends an open session without a payment. */
export function expireCheckout(account: Account, session: Stripe.Checkout.Session): Stripe.Checkout.Session {
  if (session.status !== "open") {
    throw invalid(
      `Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of ${session.status}.`,
    )
  }
  assign(session, { status: "expired", url: null })
  account.emit("checkout.session.expired", session)
  return session
}

/** Due at `expires_at`. */
export function expireWhenDue(account: Account, id: string) {
  const session = account.store.get("session", id)
  if (session?.status === "open") expireCheckout(account, session)
}

function complete(
  account: Account,
  session: Stripe.Checkout.Session,
  payment: Payment & { card: CardKind },
): CheckoutResult {
  const customer = session.customer
    ? account.store.get("customer", String(session.customer))
    : createCustomer(account, {
        email: payment.email ?? session.customer_email ?? undefined,
        name: payment.name,
      })
  if (!customer) throw invalid("The customer of this Checkout Session was deleted.")
  const { invoice, subscription } = subscribed(account, session, customer, payment)
  const late = payment.async !== undefined
  if (!late) pay(account, invoice)
  assign(subscription, { status: late ? "incomplete" : "active" })
  account.emit("customer.subscription.created", subscription)
  const sequence = (customer.next_invoice_sequence ?? 2) - 1
  const previous = {
    ...assign(customer, { currency: subscription.currency }),
    next_invoice_sequence: sequence,
  }
  account.emit("customer.updated", customer, previous)
  assign(session, {
    customer: customer.id,
    customer_details: customerDetails(payment.email ?? customer.email, payment.name ?? customer.name ?? null),
    invoice: invoice.id,
    payment_status: late ? "unpaid" : "paid",
    status: "complete",
    subscription: subscription.id,
    url: null,
  })
  account.emit("checkout.session.completed", session)
  if (late) awaitClearing(account, session, payment.async)
  return { status: "complete", session }
}

function subscribed(
  account: Account,
  session: Stripe.Checkout.Session,
  customer: Stripe.Customer,
  payment: Payment & { card: CardKind },
) {
  const record = account.store.need("session_record", session.id)
  const method = createCard(account, payment.card, { email: customer.email, name: customer.name })
  attachCard(account, method, customer)
  account.store.need("card", method.id).authenticated = payment.authenticated ?? false
  const opened = openSubscription(account, {
    customer,
    price: account.store.need("price", record.price),
    quantity: record.quantity,
    paymentMethod: method.id,
    metadata: record.subscriptionMetadata,
  })
  finalizeInvoice(account, opened.invoice, { present: true })
  return opened
}

function pay(account: Account, invoice: Stripe.Invoice) {
  const payment = paymentOf(account, invoice)
  if (payment) {
    succeed(
      account,
      payment.intent,
      account.store.get("payment_method", String(payment.intent.payment_method)),
    )
  }
  settleInvoice(account, invoice, { first: true })
}

function decline(
  account: Account,
  session: Stripe.Checkout.Session,
  card: CardKind,
  decline: Decline,
): CheckoutResult {
  const method = createCard(account, card, {})
  const intent = paymentIntentObject(account, {
    amount: session.amount_total ?? 0,
    currency: session.currency ?? "usd",
    customer: String(session.customer ?? ""),
    paymentMethod: method.id,
    description: "Subscription creation",
    present: true,
  })
  if (!session.customer) intent.customer = null
  fail(account, account.store.add("payment_intent", intent), method, decline)
  return { status: "declined", session, message: declined(decline).message }
}
