import { type Tier, tierSql } from "../../models/user.ts"
import { Unauthenticated } from "../../utils/errors.ts"
import type { Context } from "../context.ts"
import { type Quota, readQuota } from "../usage/quota.ts"

interface Subscription {
  tier: Tier
  /** Stripe's status of the newest subscription, preferring one to Pro; null without a subscription. */
  status: string | null
  currentPeriodEnd: Date | null
  cancelAt: Date | null
  /** Stripe's page where the user pays or confirms an open invoice; null when nothing is owed. */
  actionUrl: string | null
}

/** A user's tier and subscription, and today's usage. */
export interface Standing extends Subscription {
  quota: Quota
}

/** Reads a user's tier, subscription and usage. @throws {Unauthenticated} when the user was just deleted */
export async function getSubscription(ctx: Context, userId: string): Promise<Standing> {
  const values = [userId, ctx.config.stripe.proPrices]
  const { rows } = await ctx.db.execute<Subscription>("get-subscription", GET, values)
  const [subscription] = rows
  if (!subscription) throw new Unauthenticated()
  const quota = await readQuota(ctx.db.pool, ctx.config.plans, { userId, tier: subscription.tier })
  return { ...subscription, quota }
}

/** Prefers subscriptions to Pro, then those that haven't ended, then the newest. */
const GET = `
  SELECT ${tierSql("u")} AS tier, s.status, s.current_period_end AS "currentPeriodEnd", s.cancel_at AS "cancelAt",
    s.action_url AS "actionUrl"
  FROM users AS u
  LEFT JOIN LATERAL (
    SELECT s.status, s.current_period_end, s.cancel_at, s.action_url
    FROM billing_customers AS c JOIN subscriptions AS s ON s.customer_id = c.id
    WHERE c.user_id = u.id AND s.status <> 'missing'
    ORDER BY coalesce(s.price_id = ANY($2), false) DESC, s.status NOT IN ('canceled', 'incomplete_expired') DESC,
      s.created_at DESC
    LIMIT 1
  ) AS s ON true
  WHERE u.id = $1 AND u.deleted_at IS NULL`
