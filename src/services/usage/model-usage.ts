import type pg from "pg"
import type { PriceTable } from "../../config/prices.ts"
import { toDollars } from "./cost.ts"
import { addUp, type ModelUse, type ReportedCall, toUse } from "./model-use.ts"
import { TODAY_SQL } from "./quota.ts"

/** What a user's calls are made for. */
export type UseKind = "reply" | "title" | "summary"

/** The columns that are added up, with the fields of a `ModelUse` as they are passed. */
const COUNTS = {
  prompts: "prompts",
  calls: "calls",
  unpricedCalls: "unpriced_calls",
  promptTokens: "prompt_tokens",
  cachedTokens: "cached_tokens",
  outputTokens: "output_tokens",
  thoughtTokens: "thought_tokens",
  toolTokens: "tool_tokens",
  searchQueries: "search_queries",
  cost: "cost_amount",
} as const satisfies Record<Exclude<keyof ModelUse, "model">, string>

const COLUMNS = Object.values(COUNTS)

const SUMS = COLUMNS.map((column) => `${column} = total.${column} + excluded.${column}`).join(", ")

/**
 * Returns the statement that adds uses to today's row of their user, model and kind. Rows are locked in the order of the
 * models, so that no two statements wait for one another.
 * @param users a table with one row, whose `user_id` it is, or none
 * @param uses the parameter that has `usesValue`
 * @param countsPrompts a condition under which prompts are counted
 */
export function addUsageSql(users: string, uses: string, kind: string, countsPrompts = "true"): string {
  const values = COLUMNS.map((column) =>
    column === "prompts" ? `CASE WHEN ${countsPrompts} THEN used.prompts ELSE 0 END` : `used.${column}`,
  ).join(", ")
  return `INSERT INTO model_usage AS total (user_id, day, model, kind, ${COLUMNS.join(", ")})
    SELECT ${users}.user_id, ${TODAY_SQL}, used.model, ${kind}, ${values}
    FROM ${users} CROSS JOIN jsonb_to_recordset(${uses}::jsonb) AS used (model text, prompts int, calls int,
      unpriced_calls int, prompt_tokens bigint, cached_tokens bigint, output_tokens bigint, thought_tokens bigint,
      tool_tokens bigint, search_queries bigint, cost_amount numeric)
    ORDER BY used.model
    ON CONFLICT (user_id, day, model, kind) DO UPDATE SET ${SUMS}`
}

/** Returns the value of `addUsageSql`'s parameter. */
export function usesValue(uses: readonly ModelUse[]): string {
  const rows = addUp(uses).map(({ model, ...counts }) => {
    const columns = Object.entries(counts).map(([name, count]) => [
      COUNTS[name as keyof typeof COUNTS],
      // As text: JSON's numbers aren't exact.
      typeof count === "bigint" ? toDollars(count) : count,
    ])
    return { model, ...Object.fromEntries(columns) }
  })
  return JSON.stringify(rows)
}

/** Tells the UTC day as the database has it, YYYY-MM-DD. */
export async function readToday(db: pg.Pool | pg.ClientBase): Promise<string> {
  const { rows } = await (db as pg.Pool).query<{ day: string }>(`SELECT ${TODAY_SQL}::text AS day`)
  return (rows[0] as { day: string }).day
}

/**
 * Records what a call cost that was made for a user but is no reply, such as one for a title. It counts in the user's and
 * the operators' totals and on no message. Of a user who is gone it records nothing.
 */
export async function recordUse(
  db: pg.Pool,
  prices: PriceTable,
  { userId, kind, call }: { userId: string; kind: Exclude<UseKind, "reply">; call: ReportedCall },
): Promise<ModelUse | null> {
  const use = toUse(prices, await readToday(db), call)
  if (use) await db.query({ name: "record-use", text: RECORD, values: [userId, kind, usesValue([use])] })
  return use
}

const RECORD = `
  WITH known AS (SELECT id AS user_id FROM users WHERE id = $1 AND deleted_at IS NULL FOR KEY SHARE)
  ${addUsageSql("known", "$3", "$2::text")}`

/** Moves the totals of an account that is being erased to those of all erased accounts. */
export async function moveTotals(client: pg.ClientBase, userId: string): Promise<void> {
  await client.query({ name: "move-totals", text: MOVE, values: [userId] })
}

const MOVE = `
  WITH moved AS (DELETE FROM model_usage WHERE user_id = $1 RETURNING *)
  INSERT INTO erased_model_usage AS total (day, model, kind, ${COLUMNS.join(", ")})
  SELECT day, model, kind, ${COLUMNS.join(", ")} FROM moved ORDER BY day, model, kind
  ON CONFLICT (day, model, kind) DO UPDATE SET ${SUMS}`
