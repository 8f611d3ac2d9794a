import type Stripe from "stripe"
import { attachCard } from "./cards.ts"
import { assign } from "./change.ts"
import { collectInvoice, settleInvoice } from "./collect.ts"
import { customerOf } from "./customers.ts"
import { cancelPayment, cardFor, finalizeInvoice } from "./invoices.ts"
import { declined, invalid } from "./refusals.ts"
import type { World } from "./world.ts"

export type PayInvoice = {
  /** Paid by other means: no payment succeeds, the invoice is only marked. */
  outOfBand?: boolean
  /** A card to use from now on for the subscription. */
  paymentMethod?: Stripe.PaymentMethod
  /** The customer is there to confirm the card. */
  present?: boolean
}

/** Pays an invoice now. Refuses when it isn't owed, or with the bank's answer when the card is declined. */
export function payInvoice(world: World, invoice: Stripe.Invoice, wish: PayInvoice = {}): Stripe.Invoice {
  if (invoice.status === "paid") throw invalid("Invoice is already paid", undefined, "invoice_already_paid")
  if (invoice.status === "void") throw invalid("Voided invoices can't be paid.")
  // Who was deleted left drafts behind that nobody can finalise.
  customerOf(world, String(invoice.customer))
  if (invoice.status === "draft") finalizeInvoice(world, invoice, { present: false })
  if (wish.outOfBand) return settleOutOfBand(world, invoice)
  if (wish.paymentMethod) useCard(world, invoice, wish.paymentMethod)
  if (wish.present) confirmCard(world, invoice)
  const outcome = collectInvoice(world, invoice, { present: wish.present ?? false, manual: true })
  if (outcome !== "paid") throw declined(outcome)
  return invoice
}

function settleOutOfBand(world: World, invoice: Stripe.Invoice): Stripe.Invoice {
  cancelPayment(world, invoice)
  settleInvoice(world, invoice, { outOfBand: true })
  return invoice
}

function confirmCard(world: World, invoice: Stripe.Invoice) {
  const card = world.store.get("card", cardFor(world, invoice) ?? "")
  if (card) card.authenticated = true
}

function useCard(world: World, invoice: Stripe.Invoice, method: Stripe.PaymentMethod) {
  const customer = customerOf(world, String(invoice.customer))
  if (method.customer === null) attachCard(world, method, customer)
  const subscription = invoice.parent?.subscription_details?.subscription
  assign(world.store.need("subscription", String(subscription)), { default_payment_method: method.id })
}
