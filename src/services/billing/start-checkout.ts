import { AlreadySubscribed, PaymentPending, Unauthenticated, Unavailable } from "../../utils/errors.ts"
import type { Context } from "../context.ts"
import {
  type Checkout,
  createSession,
  isUsable,
  readLastSession,
  type SessionTerms,
} from "./checkout-session.ts"
import {
  CustomerBusy,
  ensureCustomer,
  type LeasedCustomer,
  LeaseLost,
  withCustomerLease,
} from "./customer-lease.ts"
import { cancelRefunded } from "./enforce-rules.ts"
import { ensureStripeCustomer } from "./ensure-stripe-customer.ts"
import { getSubscription } from "./get-subscription.ts"
import { findProPrice, type Interval } from "./pro-price.ts"
import { isBeingPaid } from "./read-payment.ts"
import type { Subscription } from "./read-subscriptions.ts"
import { checkReturnUrl } from "./return-url.ts"
import { withinDeadline } from "./stripe-deadline.ts"
import { type Synced, syncLeasedCustomer } from "./sync-customer.ts"
import { hadSubscription } from "./trials.ts"

export interface StartCheckout {
  userId: string
  /** Monthly or annual; by default what is sold first. */
  interval?: Interval
  /** Where Stripe's page returns the user to; by default a page of this service. */
  returnUrl?: string
}

/**
 * Opens a Checkout page for the upgrade, or returns the one that is still open. It asks Stripe whether the user
 * already has a subscription, because our copy may be out of date.
 * @throws {AlreadySubscribed | PaymentPending}
 * @throws {InvalidRequest} for an interval that isn't sold and for a foreign `returnUrl`
 * @throws {Unavailable} when Stripe doesn't respond in time; the next call continues where this one stopped
 */
export async function startCheckout(ctx: Context, wanted: StartCheckout): Promise<Checkout> {
  const returnTo = checkReturnUrl(ctx.config, wanted.returnUrl)
  const { requestMs, checkoutWaitMs } = ctx.timing.billing
  try {
    return await withinDeadline(requestMs, async () => {
      const price = await findProPrice(ctx, wanted.interval)
      const customerId = await ensureCustomer(ctx, wanted.userId)
      return withCustomerLease(ctx, customerId, { waitMs: checkoutWaitMs }, (leased) =>
        openCheckout(ctx, leased, { userId: wanted.userId, price, returnTo }),
      )
    })
  } catch (error) {
    const isContended = error instanceof CustomerBusy || error instanceof LeaseLost
    throw isContended ? new Unavailable(error) : error
  }
}

type Wanted = Pick<SessionTerms, "userId" | "price" | "returnTo">

async function openCheckout(ctx: Context, leased: LeasedCustomer, wanted: Wanted): Promise<Checkout> {
  if (leased.closedAt !== null) throw new Unauthenticated()
  // An operator has granted Pro, so there is nothing to pay for.
  if (leased.stripeId === null && (await getSubscription(ctx, wanted.userId)).tier === "pro")
    throw new AlreadySubscribed()
  const customer = await ensureStripeCustomer(ctx, leased, wanted.userId)
  // The page of a deleted customer takes no payment.
  const last = customer === leased.stripeId ? await readLastSession(ctx, leased) : null
  // After reading the page, so that a payment in between is seen here.
  if (leased.stripeId !== null) {
    const ours = { ...leased, stripeId: customer }
    await refuseSubscribed(ctx, ours, await syncLeasedCustomer(ctx, ours, { kind: "checkout" }))
  }
  const trialDays = (await hadSubscription(ctx, { id: leased.id, userId: wanted.userId }))
    ? null
    : ctx.config.stripe.trialDays
  const terms = { ...wanted, customer, trialDays }
  if (last && isUsable(ctx, leased, last, terms)) return { url: last.url as string, sessionId: last.id }
  // Two open pages could lead to two subscriptions.
  if (last?.status === "open") await ctx.stripe.checkout.sessions.expire(last.id)
  return createSession(ctx, leased, terms)
}

/** The statuses that exclude a second subscription. */
const EXCLUSIVE = new Set(["active", "trialing", "past_due", "unpaid", "paused"])

async function refuseSubscribed(ctx: Context, leased: LeasedCustomer, synced: Synced): Promise<void> {
  const { entitlement, subscriptions, unenforced } = synced
  if (entitlement.tier === "pro") throw new AlreadySubscribed()
  if (unenforced) throw unenforced
  for (const subscription of subscriptions) {
    if (!EXCLUSIVE.has(subscription.status)) continue
    if (!ctx.config.stripe.proPrices.includes(subscription.priceId ?? "")) continue
    if (subscription.withheld !== "refunded") throw new AlreadySubscribed({ reason: entitlement.reason })
    // It gives nothing. Without this, the user would pay for both at the next renewal.
    await cancelRefunded(ctx, leased, subscription)
  }
  await refuseWhilePending(ctx, subscriptions)
}

/** Some payment methods take days, so the page may be complete while the payment is still processing. */
async function refuseWhilePending(ctx: Context, subscriptions: readonly Subscription[]): Promise<void> {
  for (const { id, status } of subscriptions) {
    if (status === "incomplete" && (await isBeingPaid(ctx.stripe, id))) throw new PaymentPending()
  }
}
