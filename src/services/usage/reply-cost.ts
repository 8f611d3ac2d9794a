import type { PriceTable } from "../../config/prices.ts"
import { toDollars } from "./cost.ts"
import { addUsageSql, usesValue } from "./model-usage.ts"
import type { ModelUse } from "./model-use.ts"

/**
 * Returns the assignments that add what calls cost to a reply's row: every attempt adds its own, so the row has all of
 * them once the reply ends. With a call of a model without a price the amount is unknown.
 * @param first the number of the first of the four parameters that have `costValues`
 */
export function addCostSql(first: number): string {
  const [amount, version, unpriced] = [`$${first}::numeric`, `$${first + 1}::text`, `$${first + 2}::int`]
  return `unpriced_calls = unpriced_calls + ${unpriced},
    cost_amount = CASE WHEN unpriced_calls + ${unpriced} > 0 THEN NULL WHEN ${amount} IS NULL THEN cost_amount
      ELSE trim_scale(coalesce(cost_amount, 0) + ${amount}) END,
    cost_currency = CASE WHEN unpriced_calls + ${unpriced} = 0 AND ${amount} IS NOT NULL THEN 'USD' ELSE cost_currency END,
    price_version = coalesce(${version}, price_version)`
}

/**
 * Returns the statement that runs `update`, which updates one message or none, and adds the uses to the day's totals of
 * its user. It has a row where the update had one. A prompt counts once, however often an operator queues it again.
 * @param first as for `addCostSql`
 * @param more what else is written where the update had a row, which is in `updated` with its `user_id` and `id`
 */
export function addCallsSql(update: string, first: number, more = { parts: "", select: "1" }): string {
  return `WITH updated AS (${update} RETURNING user_id, id, retry), added AS (
      ${addUsageSql("updated", `$${first + 3}`, "'reply'", "updated.retry = 0")}
    )${more.parts}
    SELECT ${more.select} FROM updated`
}

/** Returns the values of both: amount, price table, calls without a price, and uses. */
export function costValues(prices: PriceTable, uses: readonly ModelUse[]): unknown[] {
  const made = uses.filter(({ calls }) => calls > 0)
  const amount = made.length === 0 ? null : toDollars(made.reduce((sum, { cost }) => sum + cost, 0n))
  const unpriced = made.reduce((sum, { unpricedCalls }) => sum + unpricedCalls, 0)
  return [amount, amount === null ? null : prices.version, unpriced, usesValue(uses)]
}
