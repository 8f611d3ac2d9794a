import { z } from "zod"
import { SECOND } from "../../utils/time.ts"
import type { Context } from "../context.ts"
import { ensureCustomer, updateLeasedCustomer, withCustomerLease } from "./customer-lease.ts"
import { type OperatorNotice, openOperatorNotices } from "./operator-notices.ts"
import { nullIfMissing } from "./stripe.ts"

/** The metadata that `start-checkout.ts` sets on each Stripe customer. */
const Ours = z.object({ metadata: z.object({ user_id: z.uuid(), billing_customer_id: z.uuid() }) })

export interface Relinked {
  /** Our id of the user's customer. */
  customerId: string
  /** false when the user already has another customer at Stripe. */
  isLinked: boolean
  notices: readonly OperatorNotice[]
}

/**
 * Relinks a Stripe customer that this service created and lost, as after a restored backup, by the user's id in its
 * metadata. Running it twice is safe: the second run finds the link.
 * @returns null when the customer isn't ours, or the user no longer exists
 * @throws {CustomerBusy | LeaseLost} and Stripe's errors
 */
export async function relinkCustomer(ctx: Context, stripeId: string): Promise<Relinked | null> {
  const customer = await nullIfMissing(ctx.stripe.customers.retrieve(stripeId))
  const ours = Ours.safeParse(customer)
  if (!ours.success || customer?.deleted) return null
  const { user_id: userId } = ours.data.metadata
  const { rowCount } = await ctx.db.pool.query("SELECT 1 FROM users WHERE id = $1 AND deleted_at IS NULL", [
    userId,
  ])
  if (rowCount === 0) return null
  return withCustomerLease(ctx, await ensureCustomer(ctx, userId), {}, async (leased) => {
    if (leased.stripeId === null) {
      await updateLeasedCustomer(ctx.db.pool, leased, "stripe_id = $3, touched_at = now()", [stripeId])
      return { customerId: leased.id, isLinked: true, notices: [] }
    }
    if (leased.stripeId === stripeId) return { customerId: leased.id, isLinked: true, notices: [] }
    const notices = openOperatorNotices(ctx, leased)
    await notices.add({
      kind: "second_customer",
      objectId: stripeId,
      detail: "Stripe has a second customer for this user. Payments of that customer don't count.",
    })
    return { customerId: leased.id, isLinked: false, notices: notices.added }
  })
}

/**
 * Finds the Stripe customers that this service created and lost.
 * @param since looks only at those created from then on; null: at all
 * @returns Stripe's ids
 */
export async function* findUnlinked(ctx: Context, since: Date | null): AsyncGenerator<string> {
  for await (const page of pagesOf(ctx, since)) {
    const { rows } = await ctx.db.pool.query<{ id: string }>(
      `SELECT id FROM unnest($1::text[]) AS page (id)
       WHERE NOT EXISTS (SELECT 1 FROM billing_customers WHERE stripe_id = page.id)`,
      [page],
    )
    yield* rows.map(({ id }) => id)
  }
}

const PAGE = 100

/** Lists the ids of the Stripe customers that this service created, in pages. */
async function* pagesOf(ctx: Context, since: Date | null): AsyncGenerator<string[]> {
  const created = since ? { created: { gte: Math.floor(since.getTime() / SECOND) } } : {}
  for (let last: string | undefined; ; ) {
    const { data, has_more } = await ctx.stripe.customers.list({
      ...created,
      limit: PAGE,
      starting_after: last,
    })
    yield data.filter((customer) => Ours.safeParse(customer).success).map(({ id }) => id)
    last = data.at(-1)?.id
    if (!has_more || last === undefined) return
  }
}
