import { NotSubscribed } from "../../utils/errors.ts"
import type { Context } from "../context.ts"
import { checkReturnUrl, returnUrl } from "./return-url.ts"
import { isMissing } from "./stripe.ts"
import { withinDeadline } from "./stripe-deadline.ts"

/**
 * Opens the Stripe billing portal, where users change their card and plan, cancel, resume and see invoices.
 * @param wanted.returnUrl where the portal returns the user to; by default a page of this service
 * @returns its URL
 * @throws {NotSubscribed} for users without a Stripe customer
 * @throws {InvalidRequest} for a foreign `returnUrl`
 * @throws {Unavailable} when Stripe doesn't respond in time
 */
export async function openPortal(
  ctx: Context,
  wanted: { userId: string; returnUrl?: string },
): Promise<string> {
  const return_url = returnUrl(ctx.config, "portal", checkReturnUrl(ctx.config, wanted.returnUrl))
  const { rows } = await ctx.db.pool.query<{ stripe_id: string | null }>({
    name: "touch-billing-customer",
    // A change is likely to follow, so the reconciler checks this customer more often.
    text: "UPDATE billing_customers SET touched_at = now() WHERE user_id = $1 RETURNING stripe_id",
    values: [wanted.userId],
  })
  const customer = rows[0]?.stripe_id
  if (!customer) throw new NotSubscribed()
  const configuration = ctx.config.stripe.portalConfiguration ?? undefined
  return withinDeadline(ctx.timing.billing.requestMs, async () => {
    try {
      return (await ctx.stripe.billingPortal.sessions.create({ customer, configuration, return_url })).url
    } catch (error) {
      throw isMissing(error, "customer") ? new NotSubscribed() : error
    }
  })
}
