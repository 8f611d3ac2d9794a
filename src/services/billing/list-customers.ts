import type { Context } from "../context.ts"
import type { ReconcileOptions } from "./reconcile.ts"

const PAGE = 500

/** Lists the customers of a reconciliation by our ids, in pages. */
export async function* listCustomers(
  ctx: Context,
  scope: ReconcileOptions["scope"],
): AsyncGenerator<string[]> {
  if (typeof scope === "object") {
    yield [scope.customerId]
    return
  }
  const { recentMs, staleMs, quietMs } = ctx.timing.billing
  const [condition, ...values] = {
    all: ["true"],
    daily: [`NOT ${isQuiet("$3")}`, quietMs],
    recent: [RECENT, quietMs, recentMs, staleMs],
  }[scope]
  for (let last: string | null = null; ; ) {
    const { rows }: { rows: { id: string }[] } = await ctx.db.pool.query(
      `SELECT id FROM billing_customers AS c
       WHERE stripe_id IS NOT NULL AND id > coalesce($1::uuid, '00000000-0000-0000-0000-000000000000')
         AND ${condition}
       ORDER BY id LIMIT $2`,
      [last, PAGE, ...values],
    )
    yield rows.map(({ id }) => id)
    if (rows.length < PAGE) return
    last = (rows.at(-1) as { id: string }).id
  }
}

/**
 * Matches customers of whom Stripe can have no news: no subscription that may still change, and no Checkout page for so
 * long that the last one has expired. A few are not enough to matter, but all that ever looked at the page are.
 */
const isQuiet = (quietMs: string) => `(
  synced_at IS NOT NULL AND touched_at < now() - ${quietMs} * interval '1 millisecond' AND NOT EXISTS (
    SELECT 1 FROM subscriptions AS s
    WHERE s.customer_id = c.id AND s.status NOT IN ('canceled', 'incomplete_expired', 'missing')
  ))`

const RECENT = `(touched_at > now() - $4 * interval '1 millisecond' OR EXISTS (
    SELECT 1 FROM subscriptions AS s
    WHERE s.customer_id = c.id AND s.status IN ('past_due', 'incomplete', 'unpaid', 'paused')
  ) OR synced_at IS NULL OR (synced_at < now() - $5 * interval '1 millisecond' AND NOT ${isQuiet("$3")}))`
