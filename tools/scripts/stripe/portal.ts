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
export async function setUpPortal(stripe: Stripe, { dryRun }: Wishes): Promise<Part> {
  const { configurations } = stripe.billingPortal
  const found = await findOurs(configurations.list({ limit: 100 }))
  const part = { what: "Portal", detail: "cancel at period end, change card, invoices" }
  if (!found) {
    const made = dryRun ? null : await configurations.create({ features: FEATURES, metadata: MARK })
    return { ...part, id: made?.id ?? null, state: "made" }
  }
  const { id } = found
  if (found.active && includes(found.features, FEATURES)) return { ...part, id, state: "kept" }
  if (!dryRun) await configurations.update(id, { active: true, features: FEATURES })
  return { ...part, id, state: "changed" }
}
