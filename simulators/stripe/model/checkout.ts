import type Stripe from "stripe"
import { paymentIntentObject } from "../objects/payment-intent.ts"
import { customerDetails, type NewSession, sessionObject } from "../objects/session.ts"
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
import type { World } from "./world.ts"

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
export function openCheckout(world: World, fields: OpenSession): Stripe.Checkout.Session {
  const session = world.store.add("session", sessionObject(world, fields))
  const { price, quantity, subscriptionMetadata } = fields
  world.store.add("session_record", {
    id: session.id,
    price,
    quantity,
    subscriptionMetadata,
    lateOutcome: null,
  })
  world.agenda.add({ at: session.expires_at, task: "expire_session", id: session.id })
  return session
}

/** The buyer pays. Refuses when the session isn't open any more. A declined card leaves it open. */
export function payCheckout(
  world: World,
  session: Stripe.Checkout.Session,
  payment: Payment,
): CheckoutResult {
  if (session.status !== "open") {
    throw invalid(`This Checkout Session is ${session.status}: it can't be paid.`)
  }
  const { card = "ok", authenticated = false } = payment
  const outcome = outcomeOf(card, { present: true, authenticated })
  if (outcome === "authentication_required") return { status: "requires_action", session }
  if (outcome !== "paid") return decline(world, session, card, outcome)
  const order = session.customer ? KNOWN_CUSTOMER_ORDER : NEW_CUSTOMER_ORDER
  return world.inOrder(order, () => complete(world, session, { ...payment, card }))
}

/** Ends an open session without a payment. */
export function expireCheckout(world: World, session: Stripe.Checkout.Session): Stripe.Checkout.Session {
  if (session.status !== "open") {
    throw invalid(
      `Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of ${session.status}.`,
    )
  }
  assign(session, { status: "expired", url: null })
  world.emit("checkout.session.expired", session)
  return session
}

/** Due at `expires_at`. */
export function expireWhenDue(world: World, id: string) {
  const session = world.store.get("session", id)
  if (session?.status === "open") expireCheckout(world, session)
}

function complete(
  world: World,
  session: Stripe.Checkout.Session,
  payment: Payment & { card: CardKind },
): CheckoutResult {
  const customer = session.customer
    ? world.store.get("customer", String(session.customer))
    : createCustomer(world, {
        email: payment.email ?? session.customer_email ?? undefined,
        name: payment.name,
      })
  if (!customer) throw invalid("The customer of this Checkout Session was deleted.")
  const { invoice, subscription } = subscribed(world, session, customer, payment)
  const late = payment.async !== undefined
  if (!late) pay(world, invoice)
  assign(subscription, { status: late ? "incomplete" : "active" })
  world.emit("customer.subscription.created", subscription)
  const sequence = (customer.next_invoice_sequence ?? 2) - 1
  const previous = {
    ...assign(customer, { currency: subscription.currency }),
    next_invoice_sequence: sequence,
  }
  world.emit("customer.updated", customer, previous)
  assign(session, {
    customer: customer.id,
    customer_details: customerDetails(payment.email ?? customer.email, payment.name ?? customer.name ?? null),
    invoice: invoice.id,
    payment_status: late ? "unpaid" : "paid",
    status: "complete",
    subscription: subscription.id,
    url: null,
  })
  world.emit("checkout.session.completed", session)
  if (late) awaitClearing(world, session, payment.async)
  return { status: "complete", session }
}

function subscribed(
  world: World,
  session: Stripe.Checkout.Session,
  customer: Stripe.Customer,
  payment: Payment & { card: CardKind },
) {
  const record = world.store.need("session_record", session.id)
  const method = createCard(world, payment.card, { email: customer.email, name: customer.name })
  attachCard(world, method, customer)
  world.store.need("card", method.id).authenticated = payment.authenticated ?? false
  const opened = openSubscription(world, {
    customer,
    price: world.store.need("price", record.price),
    quantity: record.quantity,
    paymentMethod: method.id,
    metadata: record.subscriptionMetadata,
  })
  finalizeInvoice(world, opened.invoice, { present: true })
  return opened
}

function pay(world: World, invoice: Stripe.Invoice) {
  const payment = paymentOf(world, invoice)
  if (payment) {
    succeed(world, payment.intent, world.store.get("payment_method", String(payment.intent.payment_method)))
  }
  settleInvoice(world, invoice, { first: true })
}

function decline(
  world: World,
  session: Stripe.Checkout.Session,
  card: CardKind,
  decline: Decline,
): CheckoutResult {
  const method = createCard(world, card, {})
  const intent = paymentIntentObject(world, {
    amount: session.amount_total ?? 0,
    currency: session.currency ?? "usd",
    customer: String(session.customer ?? ""),
    paymentMethod: method.id,
    description: "Subscription creation",
    present: true,
  })
  if (!session.customer) intent.customer = null
  fail(world, world.store.add("payment_intent", intent), method, decline)
  return { status: "declined", session, message: declined(decline).message }
}
