import type Stripe from "stripe"
import { cardObject } from "../objects/payments.ts"
import type { Account } from "./account.ts"
import { CARD_KINDS, CARDS, type CardKind } from "./card-kinds.ts"
import { assign, change } from "./change.ts"
import { declined } from "./refusals.ts"
import { isOver } from "./subscriptions.ts"

/** Creates a card of this kind without an owner. */
export function createCard(
  account: Account,
  card: CardKind,
  owner?: { email?: string | null; name?: string | null },
): Stripe.PaymentMethod {
  const method = account.store.add("payment_method", cardObject(account, card, owner))
  account.store.add("card", { id: method.id, card, authenticated: false })
  return method
}

/** Attaches a card to a customer and emits the event. Refuses a card that its bank declines. */
export function attachCard(account: Account, method: Stripe.PaymentMethod, customer: Stripe.Customer) {
  const record = account.store.need("card", method.id)
  if (record.card === "decline") throw declined("card_declined")
  assign(method, { customer: customer.id })
  account.emit("payment_method.attached", method)
}

/** The kind of card that one of Stripe's test payment methods (`pm_card_visa`) stands for. */
export function testCard(name: string): CardKind | undefined {
  return CARD_KINDS.find((kind) => CARDS[kind].paymentMethod === name)
}

/** Makes a new card the one that a customer and all of their subscriptions are charged on. */
export function changeCard(account: Account, customerId: string, card: CardKind): Stripe.PaymentMethod {
  const customer = account.store.lookUp("customer", customerId)
  const method = createCard(account, card, customer)
  attachCard(account, method, customer)
  // Its owner has just typed it in, and confirmed it if the bank asked for that.
  account.store.need("card", method.id).authenticated = true
  change(account, "customer.updated", customer, {
    invoice_settings: { ...customer.invoice_settings, default_payment_method: method.id },
  })
  for (const subscription of account.store.all("subscription")) {
    if (subscription.customer !== customerId || isOver(subscription)) continue
    change(account, "customer.subscription.updated", subscription, { default_payment_method: method.id })
  }
  return method
}
