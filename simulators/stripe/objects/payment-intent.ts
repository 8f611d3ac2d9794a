import type Stripe from "stripe"
import type { Account } from "../model/account.ts"
import { newId } from "../model/ids.ts"
import { base, nulls } from "./fields.ts"

export type NewPayment = {
  amount: number
  currency: string
  customer: string
  paymentMethod: string | null
  description: string
  present: boolean
}

/** The payment of an invoice, before anything was tried. */
export function paymentIntentObject(account: Account, payment: NewPayment): Stripe.PaymentIntent {
  const id = newId("pi")
  return {
    ...base(account, "payment_intent", id),
    amount: payment.amount,
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: 0,
    capture_method: "automatic",
    client_secret: `${id}_secret_${newId("", 25).slice(1)}`,
    confirmation_method: "automatic",
    currency: payment.currency,
    customer: payment.customer,
    description: payment.description,
    metadata: {},
    payment_method: payment.paymentMethod,
    payment_method_types: ["card"],
    setup_future_usage: payment.present ? "off_session" : null,
    status: "requires_confirmation",
    ...nulls("allowed_payment_method_types application application_fee_amount automatic_payment_methods"),
    ...nulls("canceled_at cancellation_reason customer_account excluded_payment_method_types"),
    ...nulls("last_payment_error latest_charge managed_payments next_action on_behalf_of"),
    ...nulls("payment_method_configuration_details payment_method_options payment_record processing"),
    ...nulls("receipt_email review shipping source statement_descriptor statement_descriptor_suffix"),
    ...nulls("transfer_data transfer_group"),
  }
}
