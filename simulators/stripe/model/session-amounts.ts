import type Stripe from "stripe"
import type { Account } from "./account.ts"
import { amountOff } from "./discounts.ts"
import type { SessionRecord } from "./store.ts"
import { taxOn } from "./taxes.ts"

/** What a Checkout session costs today, as far as the buyer's country is known. */
export function sessionAmounts(account: Account, record: SessionRecord, country: string | null) {
  const price = account.store.need("price", record.price)
  const subtotal = record.trialDays ? 0 : (price.unit_amount ?? 0) * record.quantity
  const coupon = record.promotion && account.store.need("coupon", record.promotion.coupon)
  const discount = coupon ? amountOff(coupon, subtotal) : 0
  const tax = record.isTaxed && country !== null ? taxOn(subtotal - discount, country, price) : null
  const added = tax?.behavior === "exclusive" ? tax.amount : 0
  return {
    amount_subtotal: subtotal,
    amount_total: subtotal - discount + added,
    total_details: { amount_discount: discount, amount_shipping: 0, amount_tax: tax?.amount ?? 0 },
    automatic_tax: record.isTaxed ? taxed(country) : UNTAXED,
  } satisfies Partial<Stripe.Checkout.Session>
}

const UNTAXED = { enabled: false, liability: null, provider: null, status: null }

function taxed(country: string | null): Stripe.Checkout.Session.AutomaticTax {
  const status = country === null ? "requires_location_inputs" : "complete"
  return { enabled: true, liability: { type: "self" }, provider: "stripe", status }
}
