import type pg from "pg"
import { toDollars } from "./cost.ts"
import { addUp, type ModelUse } from "./model-use.ts"
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

/** Moves the totals of an account that is being erased to those of all erased accounts. */
export async function moveTotals(client: pg.ClientBase, userId: string): Promise<void> {
  await client.query({ name: "move-totals", text: MOVE, values: [userId] })
}

const MOVE = `
  WITH moved AS (DELETE FROM model_usage WHERE user_id = $1 RETURNING *)
  INSERT INTO erased_model_usage AS total (day, model, kind, ${COLUMNS.join(", ")})
  SELECT day, model, kind, ${COLUMNS.join(", ")} FROM moved ORDER BY day, model, kind
  ON CONFLICT (day, model, kind) DO UPDATE SET ${SUMS}`
