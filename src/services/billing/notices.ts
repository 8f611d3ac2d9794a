import { newId } from "../../utils/ids.ts"
import type { Context } from "../context.ts"
import type { HeldCustomer } from "./customers.ts"

export interface Notice {
  kind: "second_subscription_cancelled" | "payment_refunded" | "refund_failed" | "second_customer"
  /** Stripe's id of what it is about; there is one notice of a kind about each. */
  objectId: string
  detail: string
}

/** The ids of what a customer's notices of one kind are about. */
export async function listNotices(
  ctx: Context,
  customer: HeldCustomer,
  kind: Notice["kind"],
): Promise<string[]> {
  const { rows } = await ctx.db.pool.query<{ object_id: string }>({
    name: "list-billing-notices",
    text: "SELECT object_id FROM billing_notices WHERE customer_id = $1 AND kind = $2 ORDER BY at, id",
    values: [customer.id, kind],
  })
  return rows.map(({ object_id }) => object_id)
}

/** Writes down what the rules did at Stripe by themselves, for a person to look at. */
export async function noteForOperator(
  ctx: Context,
  customer: HeldCustomer,
  { kind, objectId, detail }: Notice,
): Promise<void> {
  const { rowCount } = await ctx.db.pool.query(
    `INSERT INTO billing_notices (id, customer_id, kind, object_id, detail) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT DO NOTHING`,
    [newId(), customer.id, kind, objectId, detail],
  )
  if (rowCount === 1) ctx.events.billingNoticed({ customerId: customer.id, kind })
}
