import type pg from "pg"
import type { Config } from "../../config/env.ts"
import { RateLimited } from "../../utils/errors.ts"
import { prefixOf } from "./mobile-number.ts"

/**
 * Charges one code to the day's budgets (UTC, the database's clock) of its number, the number's range, the asking
 * address and the whole service. Must be the last statement of its transaction: the total is one row that every
 * sender waits for. Every transaction takes the four rows in the same order, so that none waits in a circle.
 * @throws {RateLimited} when a limit is reached; the transaction's rollback restores the other counts
 */
export async function chargeBudgets(
  client: pg.ClientBase,
  budgets: Config["otp"]["daily"],
  { mobileNumber, address }: { mobileNumber: string; address: string },
): Promise<void> {
  const charges = [
    { scope: "number", key: mobileNumber, limit: budgets.perNumber },
    { scope: "prefix", key: prefixOf(mobileNumber), limit: budgets.perPrefix },
    { scope: "address", key: address, limit: budgets.perAddress },
    { scope: "total", key: "", limit: budgets.total },
  ]
  const { rowCount } = await client.query({
    name: "charge-otp-budgets",
    text: CHARGE,
    values: [charges.map((c) => c.scope), charges.map((c) => c.key), charges.map((c) => c.limit)],
  })
  if (rowCount !== charges.length) throw new RateLimited(await secondsToMidnight(client))
}

const CHARGE = `
  INSERT INTO otp_budgets AS budget (day, scope, key)
  SELECT (now() AT TIME ZONE 'UTC')::date, charge.scope, charge.key
  FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS charge (scope, key, place)
  ORDER BY charge.place
  ON CONFLICT (day, scope, key) DO UPDATE SET used = budget.used + 1
  WHERE budget.used < ($3::int[])[array_position($1::text[], budget.scope)]
  RETURNING scope`

async function secondsToMidnight(client: pg.ClientBase): Promise<number> {
  const { rows } = await client.query<{ seconds: number }>(
    `SELECT extract(epoch FROM date_trunc('day', utc, 'UTC') + interval '1 day' - utc)::float8 AS seconds
     FROM (SELECT now() AS utc) AS clock`,
  )
  return rows[0]?.seconds ?? 1
}
