import { createHash } from "node:crypto"
import type Stripe from "stripe"
import { SECOND } from "../../utils/time.ts"
import type { Context } from "../context.ts"
import { type LeasedCustomer, updateLeasedCustomer } from "./customer-lease.ts"
import { withFreshKey } from "./ensure-stripe-customer.ts"
import { returnUrl } from "./return-url.ts"
import { nullIfMissing } from "./stripe.ts"

/** A Stripe Checkout page. */
export interface Checkout {
  url: string
  sessionId: string
}

export interface SessionTerms {
  userId: string
  /** Stripe's id of the customer. */
  customer: string
  price: string
  trialDays: number | null
  /** Where the user goes from our page; null: nowhere. */
  returnTo: string | null
}

/** Reads the customer's last Checkout session. @returns null when there was none, or Stripe has forgotten it */
export async function readLastSession(ctx: Context, { checkoutSessionId }: LeasedCustomer) {
  if (checkoutSessionId === null) return null
  return nullIfMissing(ctx.stripe.checkout.sessions.retrieve(checkoutSessionId))
}

/** Checks whether a session is open for long enough, and for the same terms as a new one would be. */
export function isUsable(
  ctx: Context,
  leased: LeasedCustomer,
  session: Stripe.Checkout.Session,
  terms: SessionTerms,
): boolean {
  return (
    session.status === "open" &&
    session.url !== null &&
    session.expires_at * SECOND - Date.now() > ctx.timing.billing.checkoutLeftMs &&
    session.metadata?.terms === digestOf(sessionParams(ctx, leased, terms))
  )
}

/** Creates a Checkout session and stores its id under the lease. */
export async function createSession(
  ctx: Context,
  leased: LeasedCustomer,
  terms: SessionTerms,
): Promise<Checkout> {
  const params = sessionParams(ctx, leased, terms)
  const digest = digestOf(params)
  const marked = { ...params, metadata: { ...params.metadata, terms: digest } }
  // The key contains the terms and the number of earlier sessions.
  const idempotencyKey = `checkout-${leased.id}-${leased.checkouts}-${digest}`
  const session = await withFreshKey(ctx, leased, () =>
    ctx.stripe.checkout.sessions.create(marked, { idempotencyKey }),
  )
  await updateLeasedCustomer(
    ctx.db.pool,
    leased,
    "checkout_session_id = $3, checkouts = checkouts + 1, touched_at = now()",
    [session.id],
  )
  return { url: session.url as string, sessionId: session.id }
}

function sessionParams(
  ctx: Context,
  leased: LeasedCustomer,
  { userId, customer, price, trialDays, returnTo }: SessionTerms,
): Stripe.Checkout.SessionCreateParams {
  const { takesPromotionCodes, automaticTax } = ctx.config.stripe
  // By it we know the subscription as one of ours.
  const metadata = { user_id: userId, billing_customer_id: leased.id }
  return {
    mode: "subscription",
    customer,
    client_reference_id: userId,
    line_items: [{ price, quantity: 1 }],
    success_url: returnUrl(ctx.config, "paid", returnTo),
    cancel_url: returnUrl(ctx.config, "left", returnTo),
    metadata,
    subscription_data: { metadata, ...(trialDays === null ? {} : { trial_period_days: trialDays }) },
    ...(takesPromotionCodes ? { allow_promotion_codes: true } : {}),
    // The tax depends on the address that the customer enters, which Stripe keeps for the renewals.
    ...(automaticTax ? { automatic_tax: { enabled: true }, customer_update: { address: "auto" } } : {}),
  }
}

function digestOf(params: Stripe.Checkout.SessionCreateParams): string {
  return createHash("sha256").update(JSON.stringify(params)).digest("base64url").slice(0, 16)
}
