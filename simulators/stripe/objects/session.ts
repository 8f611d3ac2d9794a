import type Stripe from "stripe"
import type { Account } from "../model/account.ts"
import { newId } from "../model/ids.ts"

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
    id,
    object: "checkout.session",
    adaptive_pricing: { enabled: true },
    after_expiration: null,
    allow_promotion_codes: null,
    allowed_payment_method_types: null,
    amount_subtotal: fields.amount,
    amount_total: fields.amount,
    automatic_tax: { enabled: false, liability: null, provider: null, status: null },
    billing_address_collection: null,
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
    client_secret: null,
    collected_information: { business_name: null, individual_name: null, shipping_details: null },
    consent: null,
    consent_collection: null,
    created: account.now(),
    currency: fields.currency,
    currency_conversion: null,
    custom_fields: [],
    custom_text: {
      after_submit: null,
      shipping_address: null,
      submit: null,
      terms_of_service_acceptance: null,
    },
    customer: fields.customer?.id ?? null,
    customer_account: null,
    customer_creation: fields.customer ? null : "always",
    customer_details: email ? customerDetails(email, null) : null,
    customer_email: fields.customerEmail ?? null,
    discounts: [],
    expires_at: fields.expiresAt,
    integration_identifier: null,
    invoice: null,
    invoice_creation: null,
    livemode: account.settings.livemode,
    locale: null,
    managed_payments: null,
    metadata: fields.metadata,
    mode: "subscription",
    origin_context: null,
    payment_intent: null,
    payment_link: null,
    payment_method_collection: "always",
    payment_method_configuration_details: { id: "pmc_simulated", parent: null },
    payment_method_options: { card: { request_three_d_secure: "automatic" } },
    payment_method_types: ["card"],
    payment_status: "unpaid",
    permissions: null,
    phone_number_collection: { enabled: false },
    recovered_from: null,
    saved_payment_method_options: {
      allow_redisplay_filters: ["always"],
      payment_method_remove: "disabled",
      payment_method_save: null,
    },
    setup_intent: null,
    shipping_address_collection: null,
    shipping_cost: null,
    shipping_options: [],
    status: "open",
    submit_type: null,
    subscription: null,
    success_url: fields.successUrl,
    total_details: { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
    ui_mode: "hosted_page",
    url: `${account.baseUrl}/c/pay/${id}`,
    wallet_options: null,
  }
}

/** Who pays, as far as Checkout has been told. */
export function customerDetails(
  email: string | null,
  name: string | null,
): Stripe.Checkout.Session.CustomerDetails {
  return {
    address: null,
    business_name: null,
    email,
    individual_name: null,
    name,
    phone: null,
    tax_exempt: "none",
    tax_ids: null,
  }
}
