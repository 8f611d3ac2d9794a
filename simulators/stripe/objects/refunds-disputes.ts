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
    evidence: EVIDENCE,
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
        network: "visa",
        network_reason_code: "10.4",
      },
      type: "card",
    },
    reason: "fraudulent",
    status,
  }
}

/** None, until some is handed in. */
const EVIDENCE: Stripe.Dispute.Evidence = {
  ...nulls("access_activity_log billing_address cancellation_policy cancellation_policy_disclosure"),
  ...nulls("cancellation_rebuttal customer_communication customer_email_address customer_name"),
  ...nulls("customer_purchase_ip customer_signature duplicate_charge_documentation"),
  ...nulls("duplicate_charge_explanation duplicate_charge_id product_description receipt refund_policy"),
  ...nulls("refund_policy_disclosure refund_refusal_explanation service_date service_documentation"),
  ...nulls("shipping_address shipping_carrier shipping_date shipping_documentation"),
  ...nulls("shipping_tracking_number uncategorized_file uncategorized_text"),
  enhanced_evidence: {},
}
