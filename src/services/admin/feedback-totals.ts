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

const countSql = (rating: "up" | "down") => `
  SELECT model, '${rating}' AS rating, count(*) FROM messages WHERE feedback ->> 'rating' = '${rating}' AND NOT is_copy
  GROUP BY model`

/** Each half is an index of its own, in which the model is all that is read. */
const TOTALS = `
  SELECT model, coalesce(sum(count) FILTER (WHERE rating = 'up'), 0)::int AS up,
    coalesce(sum(count) FILTER (WHERE rating = 'down'), 0)::int AS down
  FROM (${countSql("up")} UNION ALL ${countSql("down")}) AS rated GROUP BY model ORDER BY model`
