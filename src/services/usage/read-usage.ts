import type pg from "pg"
import { InvalidRequest } from "../../utils/errors.ts"
import { DAY } from "../../utils/time.ts"
import { readToday } from "./model-usage.ts"

/** Days that a request may ask for, both included, YYYY-MM-DD. */
export interface DayRange {
  from?: string | undefined
  to?: string | undefined
}

/** What calls of one model used. */
export interface UsageCounts {
  model: string
  prompts: number
  promptTokens: number
  cachedTokens: number
  outputTokens: number
  thoughtTokens: number
  toolTokens: number
  searchQueries: number
  /** A decimal number of US dollars; null where a call had no price. */
  cost: string | null
}

/** Prompts and their cost, alone. */
export type UsageSum = Pick<UsageCounts, "prompts" | "cost">

export interface UsageOfDay extends UsageCounts {
  day: string
}

export interface UsageOfModel extends UsageCounts {
  kind: string
  calls: number
  unpricedCalls: number
}

export interface UsageOfUser extends Omit<UsageCounts, "model"> {
  userId: string
}

/**
 * Reads what a user's calls used, by day and model, newest day first: replies, titles and summaries together.
 * @throws {InvalidRequest} for a range that ends before it begins or is too long
 */
export async function readUsageByDay(db: pg.Pool, userId: string, range: DayRange): Promise<UsageOfDay[]> {
  const { from, to } = await toDays(db, range)
  const { rows } = await db.query<UsageOfDay>({
    name: "usage-by-day",
    text: BY_DAY,
    values: [userId, from, to],
  })
  return rows
}

/** Reads what a user's calls used in the last 30 days, today included, all together. */
export async function readRecentUsage(db: pg.Pool, userId: string): Promise<UsageSum> {
  const { from, to } = await toDays(db, {})
  const { rows } = await db.query<UsageSum>(RECENT, [userId, from, to])
  return rows[0] as UsageSum
}

/** Reads what all calls used, by model and what they were for, those of erased accounts included. Dearest first. */
export async function readUsageByModel(db: pg.Pool, range: DayRange): Promise<UsageOfModel[]> {
  const { from, to } = await toDays(db, range)
  return (await db.query<UsageOfModel>(BY_MODEL, [from, to])).rows
}

/** Reads what the users' calls used, of those who cost most. */
export async function readUsageByUser(
  db: pg.Pool,
  { limit, ...range }: DayRange & { limit: number },
): Promise<UsageOfUser[]> {
  const { from, to } = await toDays(db, range)
  return (await db.query<UsageOfUser>(BY_USER, [from, to, limit])).rows
}

const USUAL_DAYS = 30
const MOST_DAYS = 366

/** Without an end the range ends today, without a beginning it has 30 days. */
async function toDays(db: pg.Pool, range: DayRange): Promise<{ from: string; to: string }> {
  const to = range.to ?? (await readToday(db))
  const from = range.from ?? new Date(Date.parse(to) - (USUAL_DAYS - 1) * DAY).toISOString().slice(0, 10)
  if (from > to) refuse("must not be after `to`, which is today unless given")
  if (Date.parse(to) - Date.parse(from) >= MOST_DAYS * DAY)
    refuse(`must be at most ${MOST_DAYS} days before \`to\``)
  return { from, to }
}

function refuse(message: string): never {
  throw new InvalidRequest([{ path: "query.from", message }], `\`from\` ${message}.`)
}

/** Sums in the types that JavaScript has: counts of tokens stay far below 2^53. */
const SUMS = `
  sum(prompts)::int AS prompts, sum(prompt_tokens)::float8 AS "promptTokens", sum(cached_tokens)::float8 AS "cachedTokens",
  sum(output_tokens)::float8 AS "outputTokens", sum(thought_tokens)::float8 AS "thoughtTokens",
  sum(tool_tokens)::float8 AS "toolTokens", sum(search_queries)::float8 AS "searchQueries",
  CASE WHEN sum(unpriced_calls) = 0 THEN trim_scale(sum(cost_amount))::text END AS cost`

const BY_DAY = `
  SELECT day::text AS day, model, ${SUMS} FROM model_usage
  WHERE user_id = $1 AND day BETWEEN $2 AND $3
  GROUP BY model_usage.day, model ORDER BY model_usage.day DESC, model`

const RECENT = `
  SELECT coalesce(sum(prompts), 0)::int AS prompts,
    CASE WHEN coalesce(sum(unpriced_calls), 0) = 0 THEN trim_scale(coalesce(sum(cost_amount), 0))::text END AS cost
  FROM model_usage WHERE user_id = $1 AND day BETWEEN $2 AND $3`

const COLUMNS = `model, kind, prompts, calls, unpriced_calls, prompt_tokens, cached_tokens, output_tokens, thought_tokens,
    tool_tokens, search_queries, cost_amount`

const BY_MODEL = `
  SELECT model, kind, sum(calls)::int AS calls, sum(unpriced_calls)::int AS "unpricedCalls", ${SUMS} FROM (
    SELECT ${COLUMNS} FROM model_usage WHERE day BETWEEN $1 AND $2
    UNION ALL SELECT ${COLUMNS} FROM erased_model_usage WHERE day BETWEEN $1 AND $2
  ) AS used
  GROUP BY model, kind ORDER BY sum(cost_amount) DESC, model, kind`

const BY_USER = `
  SELECT user_id AS "userId", ${SUMS} FROM model_usage WHERE day BETWEEN $1 AND $2
  GROUP BY user_id ORDER BY sum(cost_amount) DESC, user_id LIMIT $3`
