import { newId } from "../../utils/ids.ts"
import type { Context } from "../context.ts"
import { type LeasedCustomer, LeaseLost } from "./customer-lease.ts"

export interface OperatorNotice {
  kind: "second_subscription_cancelled" | "payment_refunded" | "refund_failed" | "second_customer"
  /** Stripe's id of what it is about; there is one notice of a kind about each. */
  objectId: string
  detail: string
}

/** What the rules do at Stripe by themselves with one customer, written down for a person to look at. */
export interface OperatorNotices {
  /** Does nothing where it is written already. @throws {LeaseLost} */
  add(notice: OperatorNotice): Promise<void>
  /** The ids of what the customer's notices of one kind are about, the older ones first. */
  about(kind: OperatorNotice["kind"]): Promise<string[]>
  /** Those that weren't there before. */
  readonly added: readonly OperatorNotice[]
}

export function openOperatorNotices(ctx: Context, leased: LeasedCustomer): OperatorNotices {
  const added: OperatorNotice[] = []
  return {
    added,
    async add(notice) {
      const { kind, objectId, detail } = notice
      const { rows } = await ctx.db.pool.query<{ leased: boolean; added: boolean }>({
        name: "add-billing-notice",
        text: ADD,
        values: [newId(), leased.id, leased.attempt, kind, objectId, detail],
      })
      if (!rows[0]?.leased) throw new LeaseLost()
      if (!rows[0].added) return
      added.push(notice)
      ctx.events.billingNoticed({ customerId: leased.id, kind })
    },
    async about(kind) {
      const { rows } = await ctx.db.pool.query<{ object_id: string }>({
        name: "list-billing-notices",
        text: "SELECT object_id FROM billing_notices WHERE customer_id = $1 AND kind = $2 ORDER BY at, id",
        values: [leased.id, kind],
      })
      return rows.map(({ object_id }) => object_id)
    },
  }
}

/** Fenced like every write: what it says is done for good, so a holder who read old state must not say it. */
const ADD = `
  WITH leased AS (
    SELECT id FROM billing_customers WHERE id = $2 AND attempt = $3 FOR SHARE
  ), added AS (
    INSERT INTO billing_notices (id, customer_id, kind, object_id, detail)
    SELECT $1, id, $4, $5, $6 FROM leased
    ON CONFLICT DO NOTHING
    RETURNING 1
  )
  SELECT EXISTS (SELECT FROM leased) AS leased, EXISTS (SELECT FROM added) AS added`
