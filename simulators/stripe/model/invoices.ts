import type Stripe from "stripe"
import { type Draft, invoiceObject, type NewLine } from "../objects/invoice.ts"
import { invoicePaymentObject, paymentIntentObject } from "../objects/payments.ts"
import type { Period } from "../objects/subscription.ts"
import type { Account } from "./account.ts"
import { assign, change } from "./change.ts"
import { amountOff, discountOf } from "./discounts.ts"
import { itemOf } from "./subscriptions.ts"
import { taxOn } from "./taxes.ts"

/** Adds a draft of a subscription's invoice and emits the event. */
export function draftInvoice(account: Account, subscription: Stripe.Subscription, draft: Draft) {
  const customer = account.store.need("customer", String(subscription.customer))
  const { price } = itemOf(subscription)
  const product = account.store.need("product", String(price.product))
  const subtotal = draft.lines.reduce((sum, { amount }) => sum + amount, 0)
  const found = subtotal > 0 ? discountOf(account, subscription) : undefined
  const discount = found && { id: found.discount.id, amount: amountOff(found.coupon, subtotal) }
  // Once is for the first invoice that costs something.
  if (found?.coupon.duration === "once") subscription.discounts = []
  const country = customer.address?.country ?? ""
  const tax = subscription.automatic_tax.enabled
    ? taxOn(Math.max(0, subtotal - (discount?.amount ?? 0)), country, price)
    : null
  const fields = { ...draft, subscription, customer, product, discount: discount ?? null, tax }
  return account.create("invoice", invoiceObject(account, fields), "invoice.created")
}

/** The line for a period of a subscription. `isFree`: of its trial. */
export function lineFor(
  subscription: Stripe.Subscription,
  period: Period,
  { isFree = false }: { isFree?: boolean } = {},
): NewLine {
  const { price, quantity = 1 } = itemOf(subscription)
  return { price, quantity, period, amount: isFree ? 0 : (price.unit_amount ?? 0) * quantity }
}

/** Makes a draft an invoice that is owed, with a payment that waits to be tried. */
export function finalizeInvoice(
  account: Account,
  invoice: Stripe.Invoice,
  { present }: { present: boolean },
) {
  const customer = account.store.need("customer", String(invoice.customer))
  const now = account.now()
  const link = `${account.baseUrl}/i/${invoice.id}`
  assign(invoice, {
    automatically_finalizes_at: null,
    ...settleBalance(account, invoice, customer),
    effective_at: now,
    hosted_invoice_url: link,
    invoice_pdf: `${link}/pdf`,
    number: `${customer.invoice_prefix}-${String(customer.next_invoice_sequence).padStart(4, "0")}`,
    status: "open",
    status_transitions: { ...invoice.status_transitions, finalized_at: now },
    webhooks_delivered_at: invoice.created,
  })
  customer.next_invoice_sequence = (customer.next_invoice_sequence ?? 1) + 1
  account.emit("invoice.finalized", invoice)
  if (invoice.amount_due > 0) addPayment(account, invoice, present)
}

/** A negative total is kept as the customer's credit, which later invoices use up. */
function settleBalance(account: Account, invoice: Stripe.Invoice, customer: Stripe.Customer) {
  const before = customer.balance
  const owed = invoice.total + before
  const due = Math.max(0, owed)
  change(account, "customer.updated", customer, { balance: Math.min(0, owed) })
  return {
    starting_balance: before,
    ending_balance: customer.balance,
    amount_due: due,
    amount_remaining: due,
  }
}

/** The id of the subscription that an invoice is for. */
export function subscriptionIdOf(invoice: Stripe.Invoice): string {
  return String(invoice.parent?.subscription_details?.subscription)
}

/** The subscription that an invoice is for. */
export function subscriptionOf(account: Account, invoice: Stripe.Invoice): Stripe.Subscription {
  return account.store.need("subscription", subscriptionIdOf(invoice))
}

/** The invoices of a subscription, oldest first. */
export function invoicesOf(account: Account, subscription: string): Stripe.Invoice[] {
  return account.store.all("invoice").filter((invoice) => subscriptionIdOf(invoice) === subscription)
}

/** The join of an invoice with its payment, and that payment; an invoice over nothing has none. */
export function paymentOf(account: Account, invoice: Stripe.Invoice) {
  const { store } = account
  const invoicePayment = store.all("invoice_payment").findLast((each) => each.invoice === invoice.id)
  if (!invoicePayment) return undefined
  const intent = store.need("payment_intent", String(invoicePayment.payment.payment_intent))
  return { invoicePayment, intent }
}

/** The card that an invoice would be charged on now. */
export function cardFor(account: Account, invoice: Stripe.Invoice): string | null {
  const subscription = subscriptionOf(account, invoice)
  const customer = account.store.get("customer", String(invoice.customer))
  const method = subscription.default_payment_method ?? customer?.invoice_settings.default_payment_method
  return method ? String(method) : null
}

/** Voids an invoice. */
export function voidInvoice(account: Account, invoice: Stripe.Invoice) {
  assign(invoice, {
    auto_advance: false,
    next_payment_attempt: null,
    status: "void",
    status_transitions: { ...invoice.status_transitions, voided_at: account.now() },
  })
  cancelPayment(account, invoice)
  account.emit("invoice.voided", invoice)
}

/** Gives up the payment of an invoice that is settled otherwise. */
export function cancelPayment(account: Account, invoice: Stripe.Invoice) {
  const payment = paymentOf(account, invoice)
  if (!payment) return
  const now = account.now()
  assign(payment.invoicePayment, {
    status: "canceled",
    status_transitions: { ...payment.invoicePayment.status_transitions, canceled_at: now },
  })
  assign(payment.intent, { canceled_at: now, cancellation_reason: "void_invoice", status: "canceled" })
  account.emit("payment_intent.canceled", payment.intent)
}

function addPayment(account: Account, invoice: Stripe.Invoice, present: boolean) {
  const first = invoice.billing_reason === "subscription_create"
  const intent = paymentIntentObject(account, {
    amount: invoice.amount_due,
    currency: invoice.currency,
    customer: String(invoice.customer),
    payment_method: cardFor(account, invoice),
    description: first ? "Subscription creation" : "Subscription update",
    present,
  })
  account.store.add("invoice_payment", invoicePaymentObject(account, invoice, intent))
  account.create("payment_intent", intent, "payment_intent.created")
}
