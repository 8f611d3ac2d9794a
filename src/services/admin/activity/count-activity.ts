import type pg from "pg"
import { inTransaction } from "../../../config/database.ts"
import { HOUR } from "../../../utils/time.ts"
import type { Context } from "../../context.ts"
import { rangeSql } from "./durations.ts"

/** Days of the longest chart, today included. */
export const MOST_DAYS = 30

/** Hours that one round counts: after an upgrade a month takes some minutes. */
const HOURS_A_ROUND = 48

/** The hour that isn't over yet. */
export const THIS_HOUR_SQL = "date_trunc('hour', app_now(), 'UTC')"

/** The first hour of the longest chart. */
const FIRST_HOUR_SQL = `date_trunc('day', app_now(), 'UTC') - interval '${MOST_DAYS - 1} days'`

/**
 * Counts the hours that are over and aren't counted yet, newest first. An hour counts as over a minute after its end,
 * when the transactions that began in it have ended. Any number of processes may run it: one counts, the others leave it.
 */
export async function countActivity(ctx: Context): Promise<void> {
  const { rows } = await ctx.db.pool.query<{ hour: Date }>(UNCOUNTED, [HOURS_A_ROUND])
  for (const { hour } of rows) if (ctx.stopping.aborted || !(await countOnce(ctx, hour))) return
}

/** Each in a transaction of its own: one that takes too long undoes no other. @returns false while another process counts */
async function countOnce({ db }: Context, hour: Date): Promise<boolean> {
  return inTransaction(db.pool, async (client) => {
    const { rows } = await client.query<{ own: boolean }>(
      `SELECT pg_try_advisory_xact_lock(${COUNTING_LOCK}) AS own`,
    )
    if (rows[0]?.own) await client.query(`${INSERT} ON CONFLICT DO NOTHING`, boundsOf(hour))
    return rows[0]?.own === true
  })
}

/** Any number that nothing else in this database locks. */
const COUNTING_LOCK = 7_203_155_022

const UNCOUNTED = `
  SELECT hour FROM generate_series(${FIRST_HOUR_SQL},
    date_trunc('hour', app_now() - interval '1 minute', 'UTC') - interval '1 hour', interval '1 hour') AS hour
  WHERE NOT EXISTS (SELECT FROM activity_hours AS counted WHERE counted.hour = hour.hour)
  ORDER BY hour DESC LIMIT $1`

/** What happened in one hour. */
export interface ActivityOfHour {
  hour: Date
  /** Replies that were asked for, further versions included. */
  prompts: number
  completed: number
  failed: number
  cancelled: number
  /** What the replies that ended cost, in millionths of a millionth of a dollar. */
  cost: string
  durations: Record<string, number>
}

/** Counts an hour that isn't in the table, such as the present one. */
export async function countHour(db: pg.Pool, hour: Date): Promise<ActivityOfHour> {
  const { rows } = await db.query<Omit<ActivityOfHour, "hour">>(
    `SELECT prompts, completed, failed, cancelled, ${toPicoSql("cost_amount")} AS cost, durations FROM (${COUNT_SQL}) AS counted`,
    boundsOf(hour),
  )
  return { hour, ...(rows[0] as Omit<ActivityOfHour, "hour">) }
}

/** As a whole number: sums of it are exact in JavaScript, too. */
export const toPicoSql = (amount: string) => `trunc(${amount} * 1e12)::text`

const boundsOf = (hour: Date) => [hour, new Date(hour.getTime() + HOUR)]

const DURATION = "extract(epoch FROM completed_at - coalesce(retried_at, created_at)) * 1000"

/** Counts the replies of an hour. Copies were made elsewhere, and count there. */
export const COUNT_SQL = `
  SELECT (SELECT count(*)::int FROM messages
      WHERE role = 'model' AND NOT is_copy AND created_at >= $1 AND created_at < $2) AS prompts,
    coalesce(sum(replies) FILTER (WHERE status = 'completed'), 0)::int AS completed,
    coalesce(sum(replies) FILTER (WHERE status = 'failed'), 0)::int AS failed,
    coalesce(sum(replies) FILTER (WHERE status = 'cancelled'), 0)::int AS cancelled,
    coalesce(sum(cost), 0) AS cost_amount,
    coalesce(jsonb_object_agg(range, replies) FILTER (WHERE status = 'completed'), '{}') AS durations
  FROM (
    SELECT status, CASE WHEN status = 'completed' THEN ${rangeSql(DURATION)} END AS range, count(*) AS replies,
      sum(cost_amount) AS cost
    FROM messages
    WHERE role = 'model' AND NOT is_copy AND completed_at >= $1 AND completed_at < $2
    GROUP BY 1, 2
  ) AS ended`

const INSERT = `
  INSERT INTO activity_hours (hour, prompts, completed, failed, cancelled, cost_amount, durations)
  SELECT $1, counted.* FROM (${COUNT_SQL}) AS counted`
