import type Stripe from "stripe"
import type { Account } from "./account.ts"
import { attachCard } from "./cards.ts"
import { assign } from "./change.ts"
import { collectInvoice, settleInvoice } from "./collect.ts"
import { cancelPayment, cardFor, finalizeInvoice, subscriptionOf } from "./invoices.ts"
import { declined, invalid } from "./refusals.ts"

export type PayInvoice = {
  /** Paid by other means: no payment succeeds, the invoice is only marked. */
  outOfBand?: boolean
  /** A card to use from now on for the subscription. */
  paymentMethod?: Stripe.PaymentMethod
  /** The customer is there to confirm the card. */
  present?: boolean
}

/** Pays an invoice now. Refuses when it isn't owed, or with the bank's answer when the card is declined. */
export function payInvoice(account: Account, invoice: Stripe.Invoice, options: PayInvoice = {}) {
  if (invoice.status === "paid") throw invalid("Invoice is already paid", undefined, "invoice_already_paid")
  if (invoice.status === "void") throw invalid("Voided invoices can't be paid.")
  // A deleted customer leaves drafts that can't be finalized.
  account.store.lookUp("customer", String(invoice.customer))
  if (invoice.status === "draft") finalizeInvoice(account, invoice, { present: false })
  if (options.outOfBand) {
    cancelPayment(account, invoice)
    settleInvoice(account, invoice, { outOfBand: true })
    return invoice
  }
  if (options.paymentMethod) useCard(account, invoice, options.paymentMethod)
  if (options.present) confirmCard(account, invoice)
  const outcome = collectInvoice(account, invoice, { present: options.present ?? false, manual: true })
  if (outcome !== "paid") throw declined(outcome)
  return invoice
}

function confirmCard(account: Account, invoice: Stripe.Invoice) {
  const card = account.store.get("card", cardFor(account, invoice) ?? "")
  if (card) card.authenticated = true
}

function useCard(account: Account, invoice: Stripe.Invoice, method: Stripe.PaymentMethod) {
  const customer = account.store.lookUp("customer", String(invoice.customer))
  if (method.customer === null) attachCard(account, method, customer)
  assign(subscriptionOf(account, invoice), { default_payment_method: method.id })
}
