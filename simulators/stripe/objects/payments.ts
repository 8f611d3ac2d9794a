import type Stripe from "stripe"
import type { Account } from "../model/account.ts"
import { CARDS, type CardKind } from "../model/card-kinds.ts"
import { newId } from "../model/ids.ts"
import { base, nulls } from "./fields.ts"

/** A card without an owner. */
export function cardObject(
  account: Account,
  card: CardKind,
  owner: { email?: string | null; name?: string | null } = {},
): Stripe.PaymentMethod {
  return {
    ...base(account, "payment_method", newId("pm")),
    allow_redisplay: "limited",
    billing_details: {
      address: { country: "US", ...nulls("city line1 line2 postal_code state") },
      email: owner.email ?? null,
      name: owner.name ?? null,
      ...nulls("phone tax_id"),
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

type PaymentFields = "amount" | "currency" | "customer" | "payment_method" | "description"
type NewPayment = Pick<Stripe.PaymentIntent, PaymentFields> & { present: boolean }

/** The payment of an invoice, before anything was tried. */
export function paymentIntentObject(
  account: Account,
  { present, ...payment }: NewPayment,
): Stripe.PaymentIntent {
  const id = newId("pi")
  return {
    ...base(account, "payment_intent", id),
    ...payment,
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: 0,
    capture_method: "automatic",
    client_secret: `${id}_secret_${newId("", 25).slice(1)}`,
    confirmation_method: "automatic",
    metadata: {},
    payment_method_types: ["card"],
    setup_future_usage: present ? "off_session" : null,
    status: "requires_confirmation",
    ...nulls("allowed_payment_method_types application application_fee_amount automatic_payment_methods"),
    ...nulls("canceled_at cancellation_reason customer_account excluded_payment_method_types"),
    ...nulls("last_payment_error latest_charge managed_payments next_action on_behalf_of"),
    ...nulls("payment_method_configuration_details payment_method_options payment_record processing"),
    ...nulls("receipt_email review shipping source statement_descriptor statement_descriptor_suffix"),
    ...nulls("transfer_data transfer_group"),
  }
}

/** What joins an invoice and the payment that is to pay it. */
export function invoicePaymentObject(
  account: Account,
  invoice: Stripe.Invoice,
  intent: Stripe.PaymentIntent,
): Stripe.InvoicePayment {
  return {
    ...base(account, "invoice_payment", newId("inpay")),
    amount_paid: null,
    amount_requested: invoice.amount_due,
    currency: invoice.currency,
    invoice: invoice.id,
    is_default: true,
    payment: { payment_intent: intent.id, type: "payment_intent" },
    status: "open",
    status_transitions: { canceled_at: null, paid_at: null },
  }
}

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
    billing_details: method?.billing_details ?? nulls("address email name phone tax_id"),
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
    payment_method_details: method ? paymentDetails(method, intent.amount) : null,
    receipt_url: failure ? null : `${account.baseUrl}/receipts/${intent.id}`,
    refunded: false,
    status: failure ? "failed" : "succeeded",
    ...nulls("application application_fee application_fee_amount balance_transaction"),
    ...nulls("failure_balance_transaction on_behalf_of receipt_email receipt_number review shipping source"),
    ...nulls("source_transfer statement_descriptor statement_descriptor_suffix transfer_data transfer_group"),
  }
}

function outcome(failure: Failure | null): Stripe.Charge.Outcome {
  return {
    advice_code: null,
    network_advice_code: null,
    network_decline_code: failure ? "01" : null,
    network_status: failure ? "declined_by_network" : "approved_by_network",
    reason: failure ? failure.declineCode : null,
    risk_level: "normal",
    risk_score: 1,
    seller_message: failure
      ? "The bank did not return any further details with this decline."
      : "Payment complete.",
    type: failure ? "issuer_declined" : "authorized",
  }
}

function paymentDetails({ card }: Stripe.PaymentMethod, amount: number): Stripe.Charge.PaymentMethodDetails {
  if (!card) throw new Error("The simulator's payment methods are cards")
  const { brand, checks, country, exp_month, exp_year, fingerprint, funding, last4 } = card
  return {
    card: {
      ...{ brand, checks, country, exp_month, exp_year, fingerprint, funding, last4 },
      amount_authorized: amount,
      network: "visa",
      network_token: { used: false },
      regulated_status: "unregulated",
      ...nulls("authorization_code electronic_commerce_indicator installments mandate"),
      ...nulls("network_transaction_id three_d_secure transaction_link_id wallet"),
    },
    type: "card",
  }
}
