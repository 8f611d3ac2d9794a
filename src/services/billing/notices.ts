import { newId } from "../../utils/ids.ts"
import type { Context } from "../context.ts"
import { type HeldCustomer, LeaseLost } from "./customers.ts"

export interface Notice {
  kind: "second_subscription_cancelled" | "payment_refunded" | "refund_failed" | "second_customer"
  /** Stripe's id of what it is about; there is one notice of a kind about each. */
  objectId: string
  detail: string
}

/** What the rules do at Stripe by themselves with one customer, written down for a person to look at. */
export interface Notices {
  /** Does nothing where it is written already. @throws {LeaseLost} */
  add(notice: Notice): Promise<void>
  /** The ids of what the customer's notices of one kind are about, the older ones first. */
  about(kind: Notice["kind"]): Promise<string[]>
  /** Those that weren't there before. */
  readonly added: readonly Notice[]
}

export function openNotices(ctx: Context, held: HeldCustomer): Notices {
  const added: Notice[] = []
  return {
    added,
    async add(notice) {
      const { kind, objectId, detail } = notice
      const { rows } = await ctx.db.pool.query<{ held: boolean; added: boolean }>({
        name: "add-billing-notice",
        text: ADD,
        values: [newId(), held.id, held.attempt, kind, objectId, detail],
      })
      if (!rows[0]?.held) throw new LeaseLost()
      if (!rows[0].added) return
      added.push(notice)
      ctx.events.billingNoticed({ customerId: held.id, kind })
    },
    async about(kind) {
      const { rows } = await ctx.db.pool.query<{ object_id: string }>({
        name: "list-billing-notices",
        text: "SELECT object_id FROM billing_notices WHERE customer_id = $1 AND kind = $2 ORDER BY at, id",
        values: [held.id, kind],
      })
      return rows.map(({ object_id }) => object_id)
    },
  }
}

/** Fenced like every write: what it says is done for good, so a holder who read old state must not say it. */
const ADD = `
  WITH held AS (
    SELECT id FROM billing_customers WHERE id = $2 AND attempt = $3 FOR SHARE
  ), added AS (
    INSERT INTO billing_notices (id, customer_id, kind, object_id, detail)
    SELECT $1, id, $4, $5, $6 FROM held
    ON CONFLICT DO NOTHING
    RETURNING 1
  )
  SELECT EXISTS (SELECT FROM held) AS held, EXISTS (SELECT FROM added) AS added`
