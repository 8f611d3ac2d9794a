import type Stripe from "stripe"
import { z } from "zod"
import { paymentIntentObject } from "../objects/payments.ts"
import { customerDetails, type NewSession, sessionObject } from "../objects/session.ts"
import type { Account } from "./account.ts"
import { CARD_KINDS, type CardKind, outcomeOf } from "./card-kinds.ts"
import { attachCard, createCard } from "./cards.ts"
import { assign } from "./change.ts"
import { awaitClearing } from "./checkout-late.ts"
import { settleInvoice } from "./collect.ts"
import { createCustomer } from "./customers.ts"
import { finalizeInvoice, paymentOf } from "./invoices.ts"
import { fail, succeed } from "./payments.ts"
import { type Decline, declined, invalid } from "./refusals.ts"
import type { SessionRecord } from "./store.ts"
import { openSubscription } from "./subscribe.ts"

type Session = Stripe.Checkout.Session

/** The order of a paid checkout's events, observed with `stripe listen`: when it makes the customer, and when not. */
const PAID = "invoice.created invoice.finalized invoice.paid invoice.payment_succeeded invoice_payment.paid"
const NEW_CUSTOMER_ORDER = `charge.succeeded payment_method.attached customer.created customer.updated
  checkout.session.completed customer.subscription.created
  payment_intent.created payment_intent.succeeded ${PAID}`
const KNOWN_CUSTOMER_ORDER = `charge.succeeded payment_method.attached customer.updated
  checkout.session.completed customer.subscription.created
  payment_intent.succeeded payment_intent.created ${PAID}`

export const Payment = z
  .strictObject({
    card: z.enum(CARD_KINDS),
    /** The buyer has confirmed the card. */
    authenticated: z.boolean(),
    /** A payment that clears later; `succeed` and `fail` say how it will end, `pending` leaves that open. */
    async: z.enum(["succeed", "fail", "pending"]),
    email: z.string(),
    name: z.string(),
  })
  .partial()
export type Payment = z.infer<typeof Payment>

export type CheckoutResult =
  | { status: "complete"; session: Session }
  | { status: "declined"; session: Session; message: string }
  | { status: "requires_action"; session: Session }

type Bought = Pick<SessionRecord, "price" | "quantity" | "subscriptionMetadata">

/** Adds an open session, which expires when its time comes. */
export function openCheckout(account: Account, fields: NewSession, bought: Bought): Session {
  const session = account.store.add("session", sessionObject(account, fields))
  account.store.add("session_record", { id: session.id, ...bought, lateOutcome: null })
  account.tasks.add(session.expires_at, "expire_session", session)
  return session
}

/** The buyer pays. Refuses when the session isn't open any more. A declined card leaves it open. */
export function payCheckout(account: Account, session: Session, payment: Payment): CheckoutResult {
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
export function expireCheckout(account: Account, session: Session): Session {
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
  session: Session,
  { card, authenticated = false, async: late, email, name }: Payment & { card: CardKind },
): CheckoutResult {
  const customer = session.customer
    ? account.store.get("customer", String(session.customer))
    : createCustomer(account, { email: email ?? session.customer_email, name })
  if (!customer) throw invalid("The customer of this Checkout Session was deleted.")
  const { invoice, subscription } = open(account, session, customer, { card, authenticated })
  if (!late) {
    const payment = paymentOf(account, invoice)
    if (payment) succeed(account, payment.intent)
    settleInvoice(account, invoice, { first: true })
  }
  assign(subscription, { status: late ? "incomplete" : "active" })
  account.emit("customer.subscription.created", subscription)
  account.emit("customer.updated", customer, {
    ...assign(customer, { currency: subscription.currency }),
    next_invoice_sequence: (customer.next_invoice_sequence ?? 2) - 1,
  })
  assign(session, {
    customer: customer.id,
    customer_details: customerDetails(email ?? customer.email, name ?? customer.name ?? null),
    invoice: invoice.id,
    payment_status: late ? "unpaid" : "paid",
    status: "complete",
    subscription: subscription.id,
    url: null,
  })
  account.emit("checkout.session.completed", session)
  if (late) awaitClearing(account, session, late)
  return { status: "complete", session }
}

/** Makes the subscription of a session, with its card and first invoice. */
function open(
  account: Account,
  session: Session,
  customer: Stripe.Customer,
  { card, authenticated }: { card: CardKind; authenticated: boolean },
) {
  const record = account.store.need("session_record", session.id)
  const method = createCard(account, card, customer)
  attachCard(account, method, customer)
  account.store.need("card", method.id).authenticated = authenticated
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

function decline(account: Account, session: Session, card: CardKind, decline: Decline): CheckoutResult {
  const intent = paymentIntentObject(account, {
    amount: session.amount_total ?? 0,
    currency: session.currency ?? "usd",
    customer: session.customer ? String(session.customer) : null,
    payment_method: createCard(account, card).id,
    description: "Subscription creation",
    present: true,
  })
  fail(account, account.store.add("payment_intent", intent), decline)
  return { status: "declined", session, message: declined(decline).message }
}
