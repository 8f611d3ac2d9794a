import type Stripe from "stripe"
import type { Account } from "../model/account.ts"
import { newId } from "../model/ids.ts"
import { base, nulls } from "./fields.ts"

export type Failure = { code: string; declineCode: string; message: string }

/** One try to take the money of a payment: a charge that succeeded, or one that failed for a reason. */
export function chargeObject(
  account: Account,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod | undefined,
  failure: Failure | null,
): Stripe.Charge {
  return {
    ...base(account, "charge", newId("ch")),
    amount: intent.amount,
    amount_captured: failure ? 0 : intent.amount,
    amount_refunded: 0,
    billing_details: method?.billing_details ?? {
      address: null,
      email: null,
      name: null,
      phone: null,
      tax_id: null,
    },
    calculated_statement_descriptor: "SIMULATED",
    captured: !failure,
    currency: intent.currency,
    customer: intent.customer,
    description: intent.description,
    disputed: false,
    failure_code: failure?.code ?? null,
    failure_message: failure?.message ?? null,
    fraud_details: {},
    metadata: {},
    outcome: outcome(failure),
    paid: !failure,
    payment_intent: intent.id,
    payment_method: method?.id ?? null,
    payment_method_details: method ? paymentDetails(method) : null,
    receipt_url: failure ? null : `${account.baseUrl}/receipts/${intent.id}`,
    refunded: false,
    status: failure ? "failed" : "succeeded",
    ...nulls("application application_fee application_fee_amount balance_transaction"),
    ...nulls("failure_balance_transaction on_behalf_of receipt_email receipt_number review shipping source"),
    ...nulls("source_transfer statement_descriptor statement_descriptor_suffix transfer_data transfer_group"),
  }
}

function outcome(failure: Failure | null): Stripe.Charge.Outcome {
  const common = { advice_code: null, network_advice_code: null, risk_level: "normal", risk_score: 1 }
  if (!failure) {
    return {
      ...common,
      network_decline_code: null,
      network_status: "approved_by_network",
      reason: null,
      seller_message: "Payment complete.",
      type: "authorized",
    }
  }
  return {
    ...common,
    network_decline_code: "01",
    network_status: "declined_by_network",
    reason: failure.declineCode,
    seller_message: "The bank did not return any further details with this decline.",
    type: "issuer_declined",
  }
}

function paymentDetails({ card }: Stripe.PaymentMethod): Stripe.Charge.PaymentMethodDetails {
  return {
    card: {
      brand: card?.brand ?? "visa",
      country: card?.country ?? null,
      exp_month: card?.exp_month ?? 12,
      exp_year: card?.exp_year ?? 2040,
      funding: card?.funding ?? "credit",
      last4: card?.last4 ?? null,
      network: "visa",
    } as Stripe.Charge.PaymentMethodDetails.Card,
    type: "card",
  }
}
