import type { Context } from "../context.ts"

/** How replies of a model were rated, by users who still exist. */
export interface FeedbackTotal {
  /** null: of replies that no model has made. */
  model: string | null
  up: number
  down: number
}

/** Counts the feedback that is stored, by model. */
export async function readFeedbackTotals(ctx: Context): Promise<FeedbackTotal[]> {
  const { rows } = await ctx.db.pool.query<FeedbackTotal>(TOTALS)
  return rows
}

const TOTALS = `
  SELECT model, count(*) FILTER (WHERE feedback->>'rating' = 'up')::int AS up,
    count(*) FILTER (WHERE feedback->>'rating' = 'down')::int AS down
  FROM messages WHERE feedback IS NOT NULL AND NOT is_copy GROUP BY model ORDER BY model`
