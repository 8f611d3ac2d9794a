import { type Tier, tierSql } from "../../models/user.ts"
import type { Context } from "../context.ts"
import { withinDeadline } from "./stripe-deadline.ts"
import { syncCustomer } from "./sync-customer.ts"

/**
 * Reads the payment of a user who returns from a Checkout page, so that Pro doesn't wait for Stripe's events, which may
 * be late or never come. Reads nothing for a session that isn't a user's newest, or whose user is Pro already.
 * Never throws: the payer has to get on, whatever fails here.
 * @returns the user's tier as far as it is known; null for an unknown session
 */
export async function confirmCheckout(ctx: Context, sessionId: string): Promise<Tier | null> {
  try {
    return await readPayment(ctx, sessionId)
  } catch (err) {
    ctx.log.warn({ err }, "payment not looked up at the payer's return")
    return null
  }
}

async function readPayment(ctx: Context, sessionId: string): Promise<Tier | null> {
  const { rows } = await ctx.db.execute<{ id: string; tier: Tier }>("find-checkout", FIND, [sessionId])
  const [customer] = rows
  if (!customer || customer.tier === "pro") return customer?.tier ?? null
  const waitMs = ctx.timing.billing.returnMs
  try {
    const { entitlement } = await withinDeadline(waitMs, () =>
      syncCustomer(ctx, customer.id, { kind: "checkout" }, { waitMs }),
    )
    return entitlement.tier
  } catch (err) {
    ctx.log.warn({ err }, "payment not read at the payer's return; a worker tries again")
    await ctx.db.execute("sync-at-once", DUE, [customer.id])
    return "basic"
  }
}

const FIND = `
  SELECT c.id, ${tierSql("u")} AS tier FROM billing_customers AS c JOIN users AS u ON u.id = c.user_id
  WHERE c.checkout_session_id = $1`

const DUE = "UPDATE billing_customers SET sync_due_at = now() WHERE id = $1"
