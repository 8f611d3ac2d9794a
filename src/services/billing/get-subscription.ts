import { toCamelCase } from "../../utils/camel-case.ts"
import { Unauthenticated } from "../../utils/errors.ts"
import type { Context } from "../context.ts"
import { RESETS_AT_SQL, TODAY_SQL } from "../usage/quota.ts"
import { TIER_SQL } from "../users/tier.ts"
import type { Tier } from "../users/user-record.ts"

/** A user's tier and subscription, and today's usage. */
export interface Standing {
  tier: Tier
  /** Stripe's status of the newest subscription, preferring one to Pro; null without a subscription. */
  status: string | null
  currentPeriodEnd: Date | null
  cancelAt: Date | null
  /** YYYY-MM-DD, UTC by the database's clock. */
  day: string
  used: number
  resetsAt: Date
  /** Prompts per day; null for no limit. */
  limit: number | null
}

/** Reads a user's tier, subscription and usage. @throws {Unauthenticated} when the user was just deleted */
export async function getSubscription(ctx: Context, userId: string): Promise<Standing> {
  const { rows } = await ctx.db.pool.query({
    name: "get-subscription",
    text: GET,
    values: [userId, ctx.config.stripe.proPrices],
  })
  if (!rows[0]) throw new Unauthenticated()
  const standing = toCamelCase<Omit<Standing, "limit">>(rows[0])
  const { basicDailyPrompts, proDailyPrompts } = ctx.config.plans
  return { ...standing, limit: standing.tier === "pro" ? proDailyPrompts : basicDailyPrompts }
}

/** Prefers subscriptions to Pro, then those that haven't ended, then the newest. */
const GET = `
  SELECT ${TIER_SQL("u.pro_until")} AS tier, s.status, s.current_period_end, s.cancel_at,
    ${TODAY_SQL}::text AS day, coalesce(counter.used, 0) AS used, ${RESETS_AT_SQL} AS resets_at
  FROM users AS u
  LEFT JOIN usage_counters AS counter ON counter.user_id = u.id AND counter.day = ${TODAY_SQL}
  LEFT JOIN LATERAL (
    SELECT s.status, s.current_period_end, s.cancel_at
    FROM billing_customers AS c JOIN subscriptions AS s ON s.customer_id = c.id
    WHERE c.user_id = u.id AND s.status <> 'missing'
    ORDER BY coalesce(s.price_id = ANY($2), false) DESC, s.status NOT IN ('canceled', 'incomplete_expired') DESC,
      s.created_at DESC
    LIMIT 1
  ) AS s ON true
  WHERE u.id = $1 AND u.deleted_at IS NULL`
