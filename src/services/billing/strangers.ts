import type { Context } from "../context.ts"

/**
 * Checks whether a customer, or an object that only leads to one, was found to be of another product within the last
 * day. A Stripe account may serve several, and each event of theirs would cost a call to Stripe.
 */
export async function isStranger(ctx: Context, stripeId: string): Promise<boolean> {
  const values = [stripeId, ctx.timing.billing.strangerMs]
  const { rowCount } = await ctx.db.execute("find-billing-stranger", FIND, values)
  return rowCount === 1
}

/** Remembers that an object isn't this service's. */
export async function rememberStranger(ctx: Context, stripeId: string): Promise<void> {
  await ctx.db.execute("add-billing-stranger", ADD, [stripeId])
}

const FIND = `
  SELECT 1 FROM billing_strangers
  WHERE stripe_id = $1 AND seen_at > app_now() - $2 * interval '1 millisecond'`

const ADD = `
  INSERT INTO billing_strangers (stripe_id) VALUES ($1)
  ON CONFLICT (stripe_id) DO UPDATE SET seen_at = app_now()`
