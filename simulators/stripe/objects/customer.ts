import type Stripe from "stripe"
import type { Account } from "../model/account.ts"
import { newId } from "../model/ids.ts"
import { base, defined, nulls } from "./fields.ts"

/** A customer that has bought nothing yet. */
export function customerObject(account: Account, fields: Partial<Stripe.Customer>): Stripe.Customer {
  return {
    ...base(account, "customer", newId("cus", 14)),
    balance: 0,
    delinquent: false,
    invoice_prefix: newId("", 8).slice(1).toUpperCase(),
    invoice_settings: nulls("custom_fields default_payment_method footer rendering_options"),
    metadata: {},
    next_invoice_sequence: 1,
    preferred_locales: [],
    tax_exempt: "none",
    ...nulls("address currency customer_account default_source description discount email name phone"),
    ...nulls("shipping test_clock"),
    ...defined(fields),
  }
}
