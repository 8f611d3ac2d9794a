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
import { isMissing, whileAsked } from "./stripe.ts"
import { type Synced, syncLeasedCustomer } from "./sync-customer.ts"

/** A page of Stripe's on which the user pays. */
export interface Checkout {
  url: string
  sessionId: string
}

/**
 * The Checkout page of the user's upgrade: a new one, or the one that is open already. Who has a subscription gets
 * none, by Stripe's word and not by ours, which may be older.
 * @throws {AlreadySubscribed | PaymentPending}
 * @throws {Unavailable} when Stripe doesn't answer; nothing is left half-made, and the next call goes on
 */
export async function startCheckout(ctx: Context, userId: string): Promise<Checkout> {
  const customerId = await ensureCustomer(ctx, userId)
  try {
    return await withCustomerLease(ctx, customerId, { waitMs: ctx.timing.billing.checkoutWaitMs }, (leased) =>
      whileAsked(() => openCheckout(ctx, leased, userId)),
    )
  } catch (error) {
    const isOvertaken = error instanceof CustomerBusy || error instanceof LeaseLost
    throw isOvertaken ? new Unavailable(error) : error
  }
}

async function openCheckout(ctx: Context, leased: LeasedCustomer, userId: string): Promise<Checkout> {
  if (leased.closedAt !== null) throw new Unauthenticated()
  // Made Pro by an operator: there is nothing to pay for.
  if (leased.stripeId === null && (await getSubscription(ctx, userId)).tier === "pro")
    throw new AlreadySubscribed()
  const customer = await ensureStripeCustomer(ctx, leased, userId)
  // On the page of a customer who was deleted nobody can pay.
  const last = customer === leased.stripeId ? await readLastSession(ctx, leased) : null
  // After the page: what is paid on it in between shows here.
  if (leased.stripeId !== null)
    await refuseSubscribed(
      ctx,
      await syncLeasedCustomer(ctx, { ...leased, stripeId: customer }, { kind: "checkout" }),
    )
  if (last && isUsable(last, ctx)) return { url: last.url as string, sessionId: last.id }
  // Two open pages would be two subscriptions.
  if (last?.status === "open") await ctx.stripe.checkout.sessions.expire(last.id)
  return createSession(ctx, leased, { userId, customer })
}

/** Those that a second subscription would come beside. */
const STANDING = new Set(["active", "trialing", "past_due", "unpaid", "paused"])

async function refuseSubscribed(ctx: Context, { entitlement, subscriptions, unenforced }: Synced) {
  if (entitlement.tier === "pro") throw new AlreadySubscribed()
  if (unenforced) throw unenforced
  for (const subscription of subscriptions) {
    if (!STANDING.has(subscription.status)) continue
    if (!ctx.config.stripe.proPrices.includes(subscription.priceId ?? "")) continue
    if (subscription.withheld !== "refunded") throw new AlreadySubscribed({ reason: entitlement.reason })
    // Its money went back, so it gives nothing; the user wants to pay anew, and not twice at the next renewal.
    await ctx.stripe.subscriptions.cancel(subscription.id)
  }
  await refuseWhilePending(ctx, subscriptions)
}

/** Some ways of paying take days: the page is done with, and the money is still on its way. */
async function refuseWhilePending(ctx: Context, subscriptions: readonly Subscription[]) {
  for (const { id, status } of subscriptions) {
    if (status === "incomplete" && (await isBeingPaid(ctx.stripe, id))) throw new PaymentPending()
  }
}

async function readLastSession(ctx: Context, { checkoutSessionId }: LeasedCustomer) {
  if (checkoutSessionId === null) return null
  try {
    return await ctx.stripe.checkout.sessions.retrieve(checkoutSessionId, { expand: ["line_items"] })
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
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

/** One customer of Stripe's per user: its id is written before anybody else may ask. */
async function ensureStripeCustomer(ctx: Context, leased: LeasedCustomer, userId: string): Promise<string> {
  if (leased.stripeId !== null && (await isThere(ctx, leased.stripeId))) return leased.stripeId
  const { id } = await withFreshKey(ctx, leased, () =>
    ctx.stripe.customers.create(
      { metadata: { user_id: userId, billing_customer_id: leased.id } },
      // The same for whoever is cut off before they could write the id down, another after a customer was deleted.
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

async function isThere(ctx: Context, stripeId: string): Promise<boolean> {
  try {
    return !(await ctx.stripe.customers.retrieve(stripeId)).deleted
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
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
 * Stripe repeats its answer to a key for a day, also when that was an error: after one the next call has a key of
 * its own. Where no answer came it keeps the key, as the first may have been done.
 */
async function withFreshKey<T>(ctx: Context, leased: LeasedCustomer, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    if (isAnswer(error)) await updateLeasedCustomer(ctx.db.pool, leased, "checkouts = checkouts + 1")
    throw error
  }
}

/** 409 isn't one: the call that has the key is still running, and what it makes is to be found under it. */
function isAnswer(error: unknown): boolean {
  if (!(error instanceof Stripe.errors.StripeError)) return false
  return error.statusCode !== undefined && error.statusCode !== 409
}

/** A key names what is asked for and how many were had before. */
async function askForSession(
  ctx: Context,
  leased: LeasedCustomer,
  params: Stripe.Checkout.SessionCreateParams,
) {
  const digest = createHash("sha256").update(JSON.stringify(params)).digest("base64url").slice(0, 16)
  const idempotencyKey = `checkout-${leased.id}-${leased.checkouts}-${digest}`
  return withFreshKey(ctx, leased, () => ctx.stripe.checkout.sessions.create(params, { idempotencyKey }))
}
