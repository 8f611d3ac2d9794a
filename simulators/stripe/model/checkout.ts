import type Stripe from "stripe"
import { z } from "zod"
import { nulls } from "../objects/fields.ts"
import { paymentIntentObject } from "../objects/payments.ts"
import { customerDetails, type NewSession, sessionObject } from "../objects/session.ts"
import type { Account } from "./account.ts"
import { CARD_KINDS, type CardKind, type Outcome, outcomeOf } from "./card-kinds.ts"
import { attachCard, createCard } from "./cards.ts"
import { assign } from "./change.ts"
import { awaitClearing } from "./checkout-late.ts"
import { settleInvoice } from "./collect.ts"
import { createCustomer } from "./customers.ts"
import { promotionOf } from "./discounts.ts"
import { finalizeInvoice, paymentOf } from "./invoices.ts"
import { fail, succeed } from "./payments.ts"
import { type Decline, declined, invalid } from "./refusals.ts"
import { sessionAmounts } from "./session-amounts.ts"
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
    /** As the buyer types it, where the session takes codes. */
    promotionCode: z.string(),
    /** Of the buyer's address, by which taxes are reckoned: two letters. */
    country: z.string().length(2),
  })
  .partial()
export type Payment = z.infer<typeof Payment>

export type CheckoutResult =
  | { status: "complete"; session: Session }
  | { status: "declined"; session: Session; message: string }
  | { status: "requires_action"; session: Session }

export type Bought = Omit<SessionRecord, "id" | "lateOutcome">

/** Adds an open session, which expires when its time comes. */
export function openCheckout(account: Account, fields: NewSession, bought: Bought): Session {
  const session = account.store.add("session", sessionObject(account, fields))
  const record = account.store.add("session_record", { id: session.id, ...bought, lateOutcome: null })
  const country = fields.customer?.address?.country ?? null
  assign(session, sessionAmounts(account, record, country))
  account.tasks.add(session.expires_at, "expire_session", session)
  return session
}

/** The buyer pays. Refuses when the session isn't open any more. A declined card leaves it open. */
export function payCheckout(account: Account, session: Session, payment: Payment): CheckoutResult {
  if (session.status !== "open") {
    throw invalid(`This Checkout Session is ${session.status}: it can't be paid.`)
  }
  const { card = "ok", authenticated = false } = payment
  fillIn(account, session, payment)
  const outcome = outcomeAtCheckout(session, card, authenticated)
  if (outcome === "authentication_required") return { status: "requires_action", session }
  if (outcome !== "paid") return decline(account, session, card, outcome)
  const order = session.customer ? KNOWN_CUSTOMER_ORDER : NEW_CUSTOMER_ORDER
  return account.inOrder(order, () => complete(account, session, { ...payment, card }))
}

/** Takes the code and the address that the buyer has typed in. */
function fillIn(account: Account, session: Session, { promotionCode, country }: Payment) {
  const record = account.store.need("session_record", session.id)
  if (promotionCode) {
    if (!session.allow_promotion_codes) throw invalid("This Checkout Session takes no promotion codes.")
    record.promotion = promotionOf(account, promotionCode)
  }
  const customer = account.store.get("customer", String(session.customer))
  const known = country ?? customer?.address?.country ?? null
  if (record.isTaxed && known === null) throw invalid("Enter your country: taxes depend on it.", "country")
  assign(session, sessionAmounts(account, record, known))
}

/** A card that nothing is charged on today is only set up. */
function outcomeAtCheckout({ amount_total }: Session, card: CardKind, authenticated: boolean): Outcome {
  const outcome = outcomeOf(card, { present: true, authenticated })
  return amount_total === 0 && outcome === "insufficient_funds" ? "paid" : outcome
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
  { card, authenticated = false, async: late, email, name, country }: Payment & { card: CardKind },
): CheckoutResult {
  const customer = session.customer
    ? account.store.get("customer", String(session.customer))
    : createCustomer(account, { email: email ?? session.customer_email, name })
  if (!customer) throw invalid("The customer of this Checkout Session was deleted.")
  if (country) assign(customer, { address: { country, ...nulls("city line1 line2 postal_code state") } })
  const { invoice, subscription } = open(account, session, customer, { card, authenticated })
  if (!late) {
    const payment = paymentOf(account, invoice)
    if (payment) succeed(account, payment.intent)
    settleInvoice(account, invoice, { first: true })
  }
  const isTrial = subscription.trial_end !== null
  assign(subscription, { status: isTrial ? "trialing" : late ? "incomplete" : "active" })
  account.emit("customer.subscription.created", subscription)
  account.emit("customer.updated", customer, {
    ...assign(customer, { currency: subscription.currency }),
    next_invoice_sequence: (customer.next_invoice_sequence ?? 2) - 1,
  })
  const { promotion } = account.store.need("session_record", session.id)
  assign(session, {
    customer: customer.id,
    customer_details: customerDetails(email ?? customer.email, name ?? customer.name ?? null),
    invoice: invoice.id,
    payment_status: session.amount_total === 0 ? "no_payment_required" : late ? "unpaid" : "paid",
    discounts: promotion ? [{ coupon: promotion.coupon, promotion_code: promotion.code }] : [],
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
    session: session.id,
    ...{ trialDays: record.trialDays, promotion: record.promotion, isTaxed: record.isTaxed },
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
