import type Stripe from "stripe"
import type { Account } from "../model/account.ts"
import { newId } from "../model/ids.ts"
import { base, defined, nulls } from "./fields.ts"

type Configuration = Stripe.BillingPortal.Configuration

/** What the portal offers: by default all that the simulator's portal can do. */
export function configurationObject(
  account: Account,
  { features = {}, ...fields }: Partial<Omit<Configuration, "features">> & { features?: Features },
): Configuration {
  return {
    ...base(account, "billing_portal.configuration", newId("bpc")),
    active: true,
    business_profile: nulls("headline privacy_policy_url terms_of_service_url"),
    features: withFeatures(FEATURES, features),
    is_default: false,
    login_page: { enabled: false, url: null },
    metadata: {},
    updated: account.now(),
    ...nulls("application default_return_url name"),
    ...defined(fields),
  }
}

type NewPortalSession = Pick<Stripe.BillingPortal.Session, "customer" | "configuration" | "return_url">

/** A link to the portal. */
export function portalSessionObject(
  account: Account,
  fields: NewPortalSession,
): Stripe.BillingPortal.Session {
  const id = newId("bps")
  return {
    ...base(account, "billing_portal.session", id),
    ...fields,
    url: `${account.baseUrl}/p/session/${id}`,
    ...nulls("customer_account flow locale on_behalf_of"),
  }
}

/** What a request says of some features. */
export type Features = { [Name in keyof Configuration["features"]]?: object }

/** The features with what a request says of them. */
export function withFeatures(before: Configuration["features"], given: Features): Configuration["features"] {
  const { customer_update, invoice_history, payment_method_update } = given
  const { subscription_cancel, subscription_pause, subscription_update } = given
  return {
    customer_update: { ...before.customer_update, ...customer_update },
    invoice_history: { ...before.invoice_history, ...invoice_history },
    payment_method_update: { ...before.payment_method_update, ...payment_method_update },
    subscription_cancel: { ...before.subscription_cancel, ...subscription_cancel },
    subscription_pause: { ...before.subscription_pause, ...subscription_pause },
    subscription_update: { ...before.subscription_update, ...subscription_update },
  }
}

const FEATURES: Configuration["features"] = {
  customer_update: { allowed_updates: [], enabled: false },
  invoice_history: { enabled: true },
  payment_method_update: { enabled: true, payment_method_configuration: null },
  subscription_cancel: {
    cancellation_reason: { enabled: false, feedback_options: null, options: ["too_expensive", "other"] },
    enabled: true,
    mode: "at_period_end",
    proration_behavior: "none",
  },
  subscription_pause: { duration: { interval_options: [], type: "indefinite" }, enabled: false },
  subscription_update: {
    billing_cycle_anchor: null,
    default_allowed_updates: [],
    enabled: false,
    products: null,
    proration_behavior: "always_invoice",
    schedule_at_period_end: { conditions: [] },
    trial_update_behavior: "continue_trial",
  },
}
