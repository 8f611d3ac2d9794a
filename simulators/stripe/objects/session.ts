import type Stripe from "stripe"
import type { Account } from "../model/account.ts"
import { newId } from "../model/ids.ts"
import { base, defined, nulls } from "./fields.ts"

type Session = Stripe.Checkout.Session
export type NewSession = Partial<Omit<Session, "customer">> &
  Pick<Session, "currency" | "expires_at" | "metadata"> & {
    customer: Stripe.Customer | null
  }

/** An open Checkout session for a subscription. */
export function sessionObject(account: Account, { customer, ...fields }: NewSession): Session {
  const id = newId(account.settings.livemode ? "cs_live" : "cs_test", 58)
  const email = customer?.email ?? fields.customer_email
  return {
    ...base(account, "checkout.session", id),
    adaptive_pricing: { enabled: true },
    amount_subtotal: 0,
    amount_total: 0,
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
    collected_information: nulls("business_name individual_name shipping_details"),
    custom_fields: [],
    custom_text: nulls("after_submit shipping_address submit terms_of_service_acceptance"),
    customer: customer?.id ?? null,
    customer_creation: customer ? null : "always",
    customer_details: email ? customerDetails(email, null) : null,
    discounts: [],
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
    total_details: { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
    ui_mode: "hosted_page",
    url: `${account.baseUrl}/c/pay/${id}`,
    ...nulls("after_expiration allow_promotion_codes allowed_payment_method_types cancel_url"),
    ...nulls("billing_address_collection client_reference_id client_secret consent consent_collection"),
    ...nulls("currency_conversion customer_account customer_email integration_identifier invoice locale"),
    ...nulls("invoice_creation managed_payments origin_context payment_intent payment_link permissions"),
    ...nulls("recovered_from setup_intent shipping_address_collection shipping_cost submit_type"),
    ...nulls("subscription success_url wallet_options"),
    ...defined(fields),
  }
}

/** What Checkout knows of the buyer. */
export function customerDetails(
  email: string | null,
  name: string | null,
): Stripe.Checkout.Session.CustomerDetails {
  const unknown = nulls("address business_name individual_name phone tax_ids")
  return { email, name, tax_exempt: "none", ...unknown }
}
