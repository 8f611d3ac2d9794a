import type Stripe from "stripe"
import type { Account } from "../model/account.ts"
import { CARDS, type CardKind } from "../model/card-kinds.ts"
import { newId } from "../model/ids.ts"
import { base } from "./fields.ts"

/** A card that belongs to nobody yet. */
export function cardObject(
  account: Account,
  card: CardKind,
  owner: { email?: string | null; name?: string | null } = {},
): Stripe.PaymentMethod {
  return {
    ...base(account, "payment_method", newId("pm")),
    allow_redisplay: "limited",
    billing_details: {
      address: { city: null, country: "US", line1: null, line2: null, postal_code: null, state: null },
      email: owner.email ?? null,
      name: owner.name ?? null,
      phone: null,
      tax_id: null,
    },
    card: cardDetails(card),
    customer: null,
    customer_account: null,
    metadata: {},
    type: "card",
  }
}

function cardDetails(card: CardKind): Stripe.PaymentMethod.Card {
  return {
    brand: "visa",
    checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: "pass" },
    country: "US",
    display_brand: "visa",
    exp_month: 12,
    exp_year: 2040,
    fingerprint: `simulated${CARDS[card].last4}`,
    funding: "credit",
    generated_from: null,
    last4: CARDS[card].last4,
    networks: { available: ["visa"], preferred: null },
    regulated_status: "unregulated",
    three_d_secure_usage: { supported: true },
    wallet: null,
  }
}
