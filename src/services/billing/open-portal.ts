import { NotSubscribed } from "../../utils/errors.ts"
import type { Context } from "../context.ts"
import { returnUrl } from "./return-url.ts"
import { isMissing, translateStripeErrors } from "./stripe.ts"

/**
 * Opens the Stripe billing portal, where users change their card, cancel, resume and see invoices. @returns its URL
 * @throws {NotSubscribed} for users without a Stripe customer
 * @throws {Unavailable} when Stripe doesn't respond
 */
export async function openPortal(ctx: Context, userId: string): Promise<string> {
  const { rows } = await ctx.db.pool.query<{ stripe_id: string | null }>({
    name: "touch-billing-customer",
    // A change is likely to follow, so the reconciler checks this customer more often.
    text: "UPDATE billing_customers SET touched_at = now() WHERE user_id = $1 RETURNING stripe_id",
    values: [userId],
  })
  const customer = rows[0]?.stripe_id
  if (!customer) throw new NotSubscribed()
  return translateStripeErrors(async () => {
    try {
      const return_url = returnUrl(ctx.config, "portal")
      const configuration = ctx.config.stripe.portalConfiguration ?? undefined
      return (await ctx.stripe.billingPortal.sessions.create({ customer, configuration, return_url })).url
    } catch (error) {
      throw isMissing(error, "customer") ? new NotSubscribed() : error
    }
  })
}
