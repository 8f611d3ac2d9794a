import type Stripe from "stripe"
import type { Account } from "../model/account.ts"
import { newId } from "../model/ids.ts"
import { DAY } from "../model/periods.ts"
import { base, nulls } from "./fields.ts"

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

/** An unanswered dispute of a whole charge. */
export function disputeObject(
  account: Account,
  charge: Stripe.Charge,
  status: "needs_response" | "warning_needs_response",
): Stripe.Dispute {
  return {
    ...base(account, "dispute", newId("du")),
    amount: charge.amount,
    balance_transactions: [],
    charge: charge.id,
    currency: charge.currency,
    enhanced_eligibility_types: [],
    // Only what was handed in.
    evidence: {} as Stripe.Dispute.Evidence,
    evidence_details: {
      due_by: account.now() + 7 * DAY,
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
      submission_method: "manual",
    },
    intended_submission_method: null,
    is_charge_refundable: status === "warning_needs_response",
    metadata: {},
    network_reason_code: "10.4",
    payment_intent: charge.payment_intent,
    payment_method_details: {
      card: {
        brand: "visa",
        case_type: status === "warning_needs_response" ? "inquiry" : "chargeback",
        network_reason_code: "10.4",
      } as Stripe.Dispute.PaymentMethodDetails.Card,
      type: "card",
    },
    reason: "fraudulent",
    status,
  }
}
