import type { Context } from "../context.ts"

/** Identifies a customer by our id, by Stripe's id, or by user. */
export type CustomerName = { customer: string } | { user: string }

/** Finds a customer who exists at Stripe. @returns our id; undefined when there is none */
export async function findCustomerNamed(ctx: Context, name: CustomerName): Promise<string | undefined> {
  const column = "user" in name ? "user_id" : name.customer.startsWith("cus_") ? "stripe_id" : "id"
  const { rows } = await ctx.db.pool.query<{ id: string }>(
    `SELECT id FROM billing_customers WHERE ${column}::text = $1 AND stripe_id IS NOT NULL`,
    ["user" in name ? name.user : name.customer],
  )
  return rows[0]?.id
}
