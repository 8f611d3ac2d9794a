import type Stripe from "stripe"
import type { Account } from "../model/account.ts"
import { newId } from "../model/ids.ts"
import { base, nulls } from "./fields.ts"

export type NewSession = {
  customer: Stripe.Customer | null
  customerEmail?: string
  clientReferenceId?: string
  amount: number
  currency: string
  metadata: Stripe.Metadata
  expiresAt: number
  successUrl: string
  cancelUrl?: string
}

/** An open Checkout session for a subscription. */
export function sessionObject(account: Account, fields: NewSession): Stripe.Checkout.Session {
  const id = newId(account.settings.livemode ? "cs_live" : "cs_test", 58)
  const email = fields.customer?.email ?? fields.customerEmail ?? null
  return {
    ...base(account, "checkout.session", id),
    adaptive_pricing: { enabled: true },
    amount_subtotal: fields.amount,
    amount_total: fields.amount,
    automatic_tax: { enabled: false, liability: null, provider: null, status: null },
    branding_settings: {
      background_color: "#ffffff",
      border_style: "rounded",
      button_color: "#0074d4",
      display_name: "Simulated account",
      font_family: "default",
      icon: null,
      logo: null,
    },
    cancel_url: fields.cancelUrl ?? null,
    client_reference_id: fields.clientReferenceId ?? null,
    collected_information: { business_name: null, individual_name: null, shipping_details: null },
    currency: fields.currency,
    custom_fields: [],
    custom_text: {
      after_submit: null,
      shipping_address: null,
      submit: null,
      terms_of_service_acceptance: null,
    },
    customer: fields.customer?.id ?? null,
    customer_creation: fields.customer ? null : "always",
    customer_details: email ? customerDetails(email, null) : null,
    customer_email: fields.customerEmail ?? null,
    discounts: [],
    expires_at: fields.expiresAt,
    metadata: fields.metadata,
    mode: "subscription",
    payment_method_collection: "always",
    payment_method_configuration_details: { id: "pmc_simulated", parent: null },
    payment_method_options: { card: { request_three_d_secure: "automatic" } },
    payment_method_types: ["card"],
    payment_status: "unpaid",
    phone_number_collection: { enabled: false },
    saved_payment_method_options: {
      allow_redisplay_filters: ["always"],
      payment_method_remove: "disabled",
      payment_method_save: null,
    },
    shipping_options: [],
    status: "open",
    success_url: fields.successUrl,
    total_details: { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
    ui_mode: "hosted_page",
    url: `${account.baseUrl}/c/pay/${id}`,
    ...nulls("after_expiration allow_promotion_codes allowed_payment_method_types"),
    ...nulls("billing_address_collection client_secret consent consent_collection currency_conversion"),
    ...nulls("customer_account integration_identifier invoice invoice_creation locale managed_payments"),
    ...nulls("origin_context payment_intent payment_link permissions recovered_from setup_intent"),
    ...nulls("shipping_address_collection shipping_cost submit_type subscription wallet_options"),
  }
}

/** What Checkout knows of the buyer. */
export function customerDetails(
  email: string | null,
  name: string | null,
): Stripe.Checkout.Session.CustomerDetails {
  return {
    email,
    name,
    tax_exempt: "none",
    ...nulls("address business_name individual_name phone tax_ids"),
  }
}
