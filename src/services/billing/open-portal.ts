import { NotSubscribed } from "../../utils/errors.ts"
import type { Context } from "../context.ts"
import { returnUrl } from "./return-url.ts"
import { isMissing, whileAsked } from "./stripe.ts"

/**
 * Stripe's page on which the user changes the card, cancels, resumes and sees invoices. @returns its address
 * @throws {NotSubscribed} who never began to pay
 * @throws {Unavailable} when Stripe doesn't answer
 */
export async function openPortal(ctx: Context, userId: string): Promise<string> {
  const { rows } = await ctx.db.pool.query<{ stripe_id: string | null }>({
    name: "touch-billing-customer",
    // Who goes there changes something soon, so the reconciler looks at them oftener.
    text: "UPDATE billing_customers SET touched_at = now() WHERE user_id = $1 RETURNING stripe_id",
    values: [userId],
  })
  const customer = rows[0]?.stripe_id
  if (!customer) throw new NotSubscribed()
  return whileAsked(async () => {
    try {
      const return_url = returnUrl(ctx.config, "portal")
      const configuration = ctx.config.stripe.portalConfiguration ?? undefined
      return (await ctx.stripe.billingPortal.sessions.create({ customer, configuration, return_url })).url
    } catch (error) {
      throw isMissing(error, "customer") ? new NotSubscribed() : error
    }
  })
}
