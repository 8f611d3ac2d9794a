import { newId } from "../../utils/ids.ts"
import type { Context } from "../context.ts"
import { type LeasedCustomer, LeaseLost } from "./customer-lease.ts"

export interface OperatorNotice {
  kind:
    | "second_subscription_cancelled"
    | "second_subscription"
    | "subscription_of_deleted_user"
    | "payment_refunded"
    | "refund_failed"
    | "second_customer"
  /** Stripe's id of the object concerned. Each object has at most one notice per kind. */
  objectId: string
  detail: string
}

/** Notices for operators about what was done at Stripe automatically for one customer. */
export interface OperatorNotices {
  /** Adds a notice unless it exists. @throws {LeaseLost} */
  add(notice: OperatorNotice): Promise<void>
  /** Lists the objects of the customer's notices of one kind, oldest first. */
  listObjectIds(kind: OperatorNotice["kind"]): Promise<string[]>
  /** The notices added by this instance. */
  readonly added: readonly OperatorNotice[]
}

/** Opens the operator notices of a leased customer. */
export function openOperatorNotices(ctx: Context, leased: LeasedCustomer): OperatorNotices {
  const added: OperatorNotice[] = []
  return {
    added,
    async add(notice) {
      const { kind, objectId, detail } = notice
      const { rows } = await ctx.db.execute<{ leased: boolean; added: boolean }>("add-billing-notice", ADD, [
        newId(),
        leased.id,
        leased.attempt,
        kind,
        objectId,
        detail,
      ])
      if (!rows[0]?.leased) throw new LeaseLost()
      if (!rows[0].added) return
      added.push(notice)
      ctx.events.billingNoticed({ customerId: leased.id, kind })
    },
    async listObjectIds(kind) {
      const { rows } = await ctx.db.pool.query<{ object_id: string }>({
        name: "list-billing-notices",
        text: "SELECT object_id FROM billing_notices WHERE customer_id = $1 AND kind = $2 ORDER BY at, id",
        values: [leased.id, kind],
      })
      return rows.map(({ object_id }) => object_id)
    },
  }
}

/** Fenced like every write: a notice leads to a cancellation, so it must not come from stale state. */
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
