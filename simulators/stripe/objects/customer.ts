import type Stripe from "stripe"
import type { Account } from "../model/account.ts"
import { newId } from "../model/ids.ts"
import { base, nulls } from "./fields.ts"

export type NewCustomer = {
  email?: string | null
  name?: string | null
  phone?: string | null
  description?: string | null
  metadata?: Stripe.Metadata
}

/** A customer that has bought nothing yet. */
export function customerObject(account: Account, fields: NewCustomer): Stripe.Customer {
  return {
    ...base(account, "customer", newId("cus", 14)),
    balance: 0,
    delinquent: false,
    description: fields.description ?? null,
    email: fields.email ?? null,
    invoice_prefix: newId("", 8).slice(1).toUpperCase(),
    invoice_settings: {
      custom_fields: null,
      default_payment_method: null,
      footer: null,
      rendering_options: null,
    },
    metadata: fields.metadata ?? {},
    name: fields.name ?? null,
    next_invoice_sequence: 1,
    phone: fields.phone ?? null,
    preferred_locales: [],
    tax_exempt: "none",
    ...nulls("address currency customer_account default_source discount shipping test_clock"),
  }
}
