import type { Context } from "../context.ts"

/** Names a customer: by our id or Stripe's, or by the user. */
export type CustomerName = { customer: string } | { user: string }

/** @returns our id; undefined where there is no such customer, or Stripe has never heard of them */
export async function findCustomerNamed(ctx: Context, name: CustomerName): Promise<string | undefined> {
  const column = "user" in name ? "user_id" : name.customer.startsWith("cus_") ? "stripe_id" : "id"
  const { rows } = await ctx.db.pool.query<{ id: string }>(
    `SELECT id FROM billing_customers WHERE ${column}::text = $1 AND stripe_id IS NOT NULL`,
    ["user" in name ? name.user : name.customer],
  )
  return rows[0]?.id
}
