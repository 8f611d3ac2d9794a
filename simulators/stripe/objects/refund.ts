import type Stripe from "stripe"
import type { Account } from "../model/account.ts"
import { newId } from "../model/ids.ts"
import { nulls } from "./fields.ts"

export type NewRefund = {
  charge: Stripe.Charge
  amount: number
  reason?: Stripe.Refund.Reason
  metadata?: Stripe.Metadata
}

/** Money given back, all at once as with a card. */
export function refundObject(
  account: Account,
  { charge, amount, reason, metadata }: NewRefund,
): Stripe.Refund {
  return {
    id: newId("re"),
    object: "refund",
    amount,
    charge: charge.id,
    created: account.now(),
    currency: charge.currency,
    customer: charge.customer,
    destination_details: {
      card: { reference_status: "pending", reference_type: "acquirer_reference_number", type: "refund" },
      type: "card",
    },
    metadata: metadata ?? {},
    payment_intent: charge.payment_intent,
    payment_method: charge.payment_method,
    reason: reason ?? null,
    status: "succeeded",
    ...nulls("balance_transaction customer_account receipt_number source_transfer_reversal"),
    ...nulls("transfer_reversal"),
  }
}
