import type { Context } from "../context.ts"
import { type LeasedCustomer, updateLeasedCustomer } from "./customer-lease.ts"
import { nullIfMissing } from "./stripe.ts"
import { stripeSdk } from "./stripe-sdk.ts"

/** Finds or creates the user's one Stripe customer, and stores its id under the lease. @returns Stripe's id */
export async function ensureStripeCustomer(
  ctx: Context,
  leased: LeasedCustomer,
  userId: string,
): Promise<string> {
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

/**
 * Gives the next call a new idempotency key after an error response, which Stripe would repeat under the old key for a
 * day. Without a response the key is kept, because the call may have succeeded.
 */
export async function withFreshKey<T>(
  ctx: Context,
  leased: LeasedCustomer,
  call: () => Promise<T>,
): Promise<T> {
  try {
    return await call()
  } catch (error) {
    if (isResponse(error)) await updateLeasedCustomer(ctx.db.pool, leased, "checkouts = checkouts + 1")
    throw error
  }
}

/** 409 doesn't count: the first call with the key is still in flight, and its result will be under that key. */
function isResponse(error: unknown): boolean {
  if (!(error instanceof stripeSdk().errors.StripeError)) return false
  return error.statusCode !== undefined && error.statusCode !== 409
}
