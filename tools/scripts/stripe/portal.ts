import type Stripe from "stripe"
import type { Wishes } from "./options.ts"
import { findOurs, includes, MARK, type Part } from "./part.ts"

/** What a customer may do by themselves. */
const FEATURES = {
  invoice_history: { enabled: true },
  payment_method_update: { enabled: true },
  subscription_cancel: { enabled: true, mode: "at_period_end", proration_behavior: "none" },
} satisfies Stripe.BillingPortal.ConfigurationCreateParams.Features

/**
 * A configuration of our own, beside the account's default, which an account that never opened the portal's settings
 * doesn't have, and which may serve other products.
 */
export async function setUpPortal(
  stripe: Stripe,
  { dryRun }: Wishes,
  { product, sold }: { product: string | null; sold: Stripe.Price[] },
): Promise<Part> {
  const { configurations } = stripe.billingPortal
  const features = { ...FEATURES, subscription_update: planSwitch(product, sold) }
  const expand = ["data.features.subscription_update.products"]
  const found = await findOurs(configurations.list({ limit: 100, expand }))
  const canSwitch = features.subscription_update.enabled ? "switch plan, " : ""
  const part = { what: "Portal", detail: `${canSwitch}cancel at period end, change card, invoices` }
  if (!found) {
    const made = dryRun ? null : await configurations.create({ features, metadata: MARK })
    return { ...part, id: made?.id ?? null, state: "made" }
  }
  const { id } = found
  if (found.active && includes(found.features, features)) return { ...part, id, state: "kept" }
  if (!dryRun) await configurations.update(id, { active: true, features })
  return { ...part, id, state: "changed" }
}

/** Between the prices for sale of one currency. A switch begins a new period and is charged at once. */
function planSwitch(product: string | null, sold: Stripe.Price[]) {
  const prices = sold.flatMap(({ id, currency }) => (currency === sold[0]?.currency ? id : []))
  if (product === null || prices.length < 2) return { enabled: false }
  return {
    enabled: true,
    default_allowed_updates: ["price"],
    products: [{ product, prices }],
    proration_behavior: "always_invoice",
  } satisfies Stripe.BillingPortal.ConfigurationCreateParams.Features.SubscriptionUpdate
}
