import type Stripe from "stripe"
import type { Account } from "../model/account.ts"
import { newId } from "../model/ids.ts"
import { base, defined, nulls } from "./fields.ts"

type Configuration = Stripe.BillingPortal.Configuration

/** What the portal offers: by default all that the simulator's portal can do. */
export function configurationObject(
  account: Account,
  { features, ...fields }: Partial<Omit<Configuration, "features">> & { features?: object },
): Configuration {
  return {
    ...base(account, "billing_portal.configuration", newId("bpc")),
    active: true,
    business_profile: nulls("headline privacy_policy_url terms_of_service_url"),
    features: { ...FEATURES, ...features },
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

const FEATURES = {
  customer_update: { allowed_updates: [], enabled: false },
  invoice_history: { enabled: true },
  payment_method_update: { enabled: true, payment_method_configuration: null },
  subscription_cancel: { enabled: true, mode: "at_period_end", proration_behavior: "none" },
  subscription_pause: { enabled: false },
  subscription_update: { enabled: false },
} as unknown as Configuration["features"]
