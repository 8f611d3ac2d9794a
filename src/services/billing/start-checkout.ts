import { createHash } from "node:crypto"
import Stripe from "stripe"
import { AlreadySubscribed, PaymentPending, Unauthenticated, Unavailable } from "../../utils/errors.ts"
import { SECOND } from "../../utils/time.ts"
import type { Context } from "../context.ts"
import {
  CustomerBusy,
  ensureCustomer,
  type LeasedCustomer,
  LeaseLost,
  updateLeasedCustomer,
  withCustomerLease,
} from "./customer-lease.ts"
import { getSubscription } from "./get-subscription.ts"
import { isBeingPaid, type Subscription } from "./read-subscriptions.ts"
import { returnUrl } from "./return-url.ts"
import { nullIfMissing, translateStripeErrors } from "./stripe.ts"
import { type Synced, syncLeasedCustomer } from "./sync-customer.ts"

/** A Stripe Checkout page. */
export interface Checkout {
  url: string
  sessionId: string
}

/**
 * Opens a Checkout page for the upgrade, or returns the one that is still open. It asks Stripe whether the user
 * already has a subscription, because our copy may be out of date.
 * @throws {AlreadySubscribed | PaymentPending}
 * @throws {Unavailable} when Stripe doesn't respond; the next call continues where this one stopped
 */
export async function startCheckout(ctx: Context, userId: string): Promise<Checkout> {
  const customerId = await ensureCustomer(ctx, userId)
  try {
    return await withCustomerLease(ctx, customerId, { waitMs: ctx.timing.billing.checkoutWaitMs }, (leased) =>
      translateStripeErrors(() => openCheckout(ctx, leased, userId)),
    )
  } catch (error) {
    const isContended = error instanceof CustomerBusy || error instanceof LeaseLost
    throw isContended ? new Unavailable(error) : error
  }
}

async function openCheckout(ctx: Context, leased: LeasedCustomer, userId: string): Promise<Checkout> {
  if (leased.closedAt !== null) throw new Unauthenticated()
  // An operator has granted Pro, so there is nothing to pay for.
  if (leased.stripeId === null && (await getSubscription(ctx, userId)).tier === "pro")
    throw new AlreadySubscribed()
  const customer = await ensureStripeCustomer(ctx, leased, userId)
  // The page of a deleted customer takes no payment.
  const last = customer === leased.stripeId ? await readLastSession(ctx, leased) : null
  // After reading the page, so that a payment in between is seen here.
  if (leased.stripeId !== null)
    await refuseSubscribed(
      ctx,
      await syncLeasedCustomer(ctx, { ...leased, stripeId: customer }, { kind: "checkout" }),
    )
  if (last && isUsable(last, ctx)) return { url: last.url as string, sessionId: last.id }
  // Two open pages could lead to two subscriptions.
  if (last?.status === "open") await ctx.stripe.checkout.sessions.expire(last.id)
  return createSession(ctx, leased, { userId, customer })
}

/** The statuses that exclude a second subscription. */
const EXCLUSIVE = new Set(["active", "trialing", "past_due", "unpaid", "paused"])

async function refuseSubscribed(ctx: Context, { entitlement, subscriptions, unenforced }: Synced) {
  if (entitlement.tier === "pro") throw new AlreadySubscribed()
  if (unenforced) throw unenforced
  for (const subscription of subscriptions) {
    if (!EXCLUSIVE.has(subscription.status)) continue
    if (!ctx.config.stripe.proPrices.includes(subscription.priceId ?? "")) continue
    if (subscription.withheld !== "refunded") throw new AlreadySubscribed({ reason: entitlement.reason })
    // It was refunded and gives nothing. Without this, the user would pay for both at the next renewal.
    await ctx.stripe.subscriptions.cancel(subscription.id)
  }
  await refuseWhilePending(ctx, subscriptions)
}

/** Some payment methods take days, so the page may be complete while the payment is still processing. */
async function refuseWhilePending(ctx: Context, subscriptions: readonly Subscription[]) {
  for (const { id, status } of subscriptions) {
    if (status === "incomplete" && (await isBeingPaid(ctx.stripe, id))) throw new PaymentPending()
  }
}

async function readLastSession(ctx: Context, { checkoutSessionId }: LeasedCustomer) {
  if (checkoutSessionId === null) return null
  return nullIfMissing(ctx.stripe.checkout.sessions.retrieve(checkoutSessionId, { expand: ["line_items"] }))
}

function isUsable(session: Stripe.Checkout.Session, ctx: Context): boolean {
  const [price] = ctx.config.stripe.proPrices
  return (
    session.status === "open" &&
    session.url !== null &&
    session.expires_at * SECOND - Date.now() > ctx.timing.billing.checkoutLeftMs &&
    session.line_items?.data[0]?.price?.id === price
  )
}

/** Finds or creates the user's one Stripe customer, and stores its id under the lease. */
async function ensureStripeCustomer(ctx: Context, leased: LeasedCustomer, userId: string): Promise<string> {
  if (leased.stripeId !== null && (await existsAtStripe(ctx, leased.stripeId))) return leased.stripeId
  const { id } = await withFreshKey(ctx, leased, () =>
    ctx.stripe.customers.create(
      { metadata: { user_id: userId, billing_customer_id: leased.id } },
      // The same key after a call that couldn't store the id, a new one after the customer was deleted.
      { idempotencyKey: `customer-${leased.id}-${leased.stripeId ?? "first"}-${leased.checkouts}` },
    ),
  )
  await updateLeasedCustomer(
    ctx.db.pool,
    leased,
    "stripe_id = $3, checkout_session_id = NULL, touched_at = now()",
    [id],
  )
  return id
}

async function existsAtStripe(ctx: Context, stripeId: string): Promise<boolean> {
  const customer = await nullIfMissing(ctx.stripe.customers.retrieve(stripeId))
  return customer !== null && !customer.deleted
}

async function createSession(
  ctx: Context,
  leased: LeasedCustomer,
  { userId, customer }: { userId: string; customer: string },
): Promise<Checkout> {
  const metadata = { user_id: userId, billing_customer_id: leased.id }
  const params: Stripe.Checkout.SessionCreateParams = {
    mode: "subscription",
    customer,
    client_reference_id: userId,
    line_items: [{ price: ctx.config.stripe.proPrices[0] as string, quantity: 1 }],
    success_url: returnUrl(ctx.config, "paid"),
    cancel_url: returnUrl(ctx.config, "left"),
    metadata,
    subscription_data: { metadata },
  }
  const session = await askForSession(ctx, leased, params)
  await updateLeasedCustomer(
    ctx.db.pool,
    leased,
    "checkout_session_id = $3, checkouts = checkouts + 1, touched_at = now()",
    [session.id],
  )
  return { url: session.url as string, sessionId: session.id }
}

/**
 * Gives the next call a new idempotency key after an error response, which Stripe would repeat under the old key for a
 * day. Without a response the key is kept, because the call may have succeeded.
 */
async function withFreshKey<T>(ctx: Context, leased: LeasedCustomer, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    if (isResponse(error)) await updateLeasedCustomer(ctx.db.pool, leased, "checkouts = checkouts + 1")
    throw error
  }
}

/** 409 doesn't count: the first call with the key is still in flight, and its result will be under that key. */
function isResponse(error: unknown): boolean {
  if (!(error instanceof Stripe.errors.StripeError)) return false
  return error.statusCode !== undefined && error.statusCode !== 409
}

/** The idempotency key contains the parameters' digest and the number of earlier sessions. */
async function askForSession(
  ctx: Context,
  leased: LeasedCustomer,
  params: Stripe.Checkout.SessionCreateParams,
) {
  const digest = createHash("sha256").update(JSON.stringify(params)).digest("base64url").slice(0, 16)
  const idempotencyKey = `checkout-${leased.id}-${leased.checkouts}-${digest}`
  return withFreshKey(ctx, leased, () => ctx.stripe.checkout.sessions.create(params, { idempotencyKey }))
}
