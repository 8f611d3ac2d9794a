import type Stripe from "stripe"
import type { Account } from "../model/account.ts"
import { newId } from "../model/ids.ts"
import { base, nulls } from "./fields.ts"

export type NewConfiguration = {
  id?: string
  isDefault?: boolean
  features?: object
  businessProfile?: Partial<Stripe.BillingPortal.Configuration.BusinessProfile>
  defaultReturnUrl?: string | null
  metadata?: Stripe.Metadata
  name?: string | null
}

/** What the portal offers: by default all that the simulator's portal can do. */
export function configurationObject(account: Account, fields: NewConfiguration) {
  return {
    ...base(account, "billing_portal.configuration", fields.id ?? newId("bpc")),
    active: true,
    application: null,
    business_profile: {
      headline: null,
      privacy_policy_url: null,
      terms_of_service_url: null,
      ...fields.businessProfile,
    },
    default_return_url: fields.defaultReturnUrl ?? null,
    features: { ...FEATURES, ...fields.features },
    is_default: fields.isDefault ?? false,
    login_page: { enabled: false, url: null },
    metadata: fields.metadata ?? {},
    name: fields.name ?? null,
    updated: account.now(),
  } as Stripe.BillingPortal.Configuration
}

export type NewPortalSession = {
  customer: string
  configuration: string
  returnUrl: string | null
}

/** A link to the portal. */
export function portalSessionObject(
  account: Account,
  fields: NewPortalSession,
): Stripe.BillingPortal.Session {
  const id = newId("bps")
  return {
    ...base(account, "billing_portal.session", id),
    configuration: fields.configuration,
    customer: fields.customer,
    return_url: fields.returnUrl,
    url: `${account.baseUrl}/p/session/${id}`,
    ...nulls("customer_account flow locale on_behalf_of"),
  }
}

const FEATURES: Stripe.BillingPortal.Configuration.Features = {
  customer_update: { allowed_updates: [], enabled: false },
  invoice_history: { enabled: true },
  payment_method_update: { enabled: true, payment_method_configuration: null },
  subscription_cancel: {
    cancellation_reason: { enabled: false, feedback_options: null, options: [] },
    enabled: true,
    mode: "at_period_end",
    proration_behavior: "none",
  },
  subscription_pause: { duration: { interval_options: [], type: "indefinite" }, enabled: false },
  subscription_update: {
    billing_cycle_anchor: null,
    default_allowed_updates: [],
    enabled: false,
    products: [],
    proration_behavior: "none",
    schedule_at_period_end: { conditions: [] },
    trial_update_behavior: "end_trial",
  },
}
