import { z } from "zod"
import type { Context } from "../context.ts"
import { ensureCustomer, updateLeasedCustomer, withCustomerLease } from "./customer-lease.ts"
import { type OperatorNotice, openOperatorNotices } from "./operator-notices.ts"
import { isMissing } from "./stripe.ts"

/** What `start-checkout.ts` writes on each customer that it makes. */
const Ours = z.object({ metadata: z.object({ user_id: z.uuid(), billing_customer_id: z.uuid() }) })

export interface Relinked {
  /** Ours, of the user whose mark it bears. */
  customerId: string
  /** false: the user has another customer at Stripe by now. */
  isTaken: boolean
  notices: readonly OperatorNotice[]
}

/**
 * Takes back a customer of Stripe's whom this service made and doesn't know any more, as after a backup was restored:
 * by the user's id, which stands on it. Running it twice is safe, as the second run finds the first one's.
 * @returns null where it isn't ours, or its user is gone
 * @throws {CustomerBusy | LeaseLost} and Stripe's errors
 */
export async function relinkCustomer(ctx: Context, stripeId: string): Promise<Relinked | null> {
  const customer = await retrieve(ctx, stripeId)
  const ours = Ours.safeParse(customer)
  if (!ours.success) return null
  const { user_id: userId } = ours.data.metadata
  const { rowCount } = await ctx.db.pool.query("SELECT 1 FROM users WHERE id = $1 AND deleted_at IS NULL", [
    userId,
  ])
  if (rowCount === 0) return null
  return withCustomerLease(ctx, await ensureCustomer(ctx, userId), {}, async (leased) => {
    if (leased.stripeId === null) {
      await updateLeasedCustomer(ctx.db.pool, leased, "stripe_id = $3, touched_at = now()", [stripeId])
      return { customerId: leased.id, isTaken: true, notices: [] }
    }
    if (leased.stripeId === stripeId) return { customerId: leased.id, isTaken: true, notices: [] }
    const notices = openOperatorNotices(ctx, leased)
    await notices.add({
      kind: "second_customer",
      objectId: stripeId,
      detail: "Stripe has another customer of the same user; what they pay there gives them nothing.",
    })
    return { customerId: leased.id, isTaken: false, notices: notices.added }
  })
}

/** Stripe's ids of the customers whom this service made and doesn't know. */
export async function* findUnlinked(ctx: Context): AsyncGenerator<string> {
  for await (const page of pagesOf(ctx)) {
    const { rows } = await ctx.db.pool.query<{ id: string }>(
      `SELECT id FROM unnest($1::text[]) AS page (id)
       WHERE NOT EXISTS (SELECT 1 FROM billing_customers WHERE stripe_id = page.id)`,
      [page],
    )
    yield* rows.map(({ id }) => id)
  }
}

const PAGE = 100

/** The ids of those that carry the mark of this service. */
async function* pagesOf(ctx: Context): AsyncGenerator<string[]> {
  for (let last: string | undefined; ; ) {
    const { data, has_more } = await ctx.stripe.customers.list({ limit: PAGE, starting_after: last })
    yield data.filter((customer) => Ours.safeParse(customer).success).map(({ id }) => id)
    last = data.at(-1)?.id
    if (!has_more || last === undefined) return
  }
}

async function retrieve(ctx: Context, stripeId: string): Promise<unknown> {
  try {
    const customer = await ctx.stripe.customers.retrieve(stripeId)
    return customer.deleted ? null : customer
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}
