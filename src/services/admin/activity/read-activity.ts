import { DAY, HOUR } from "../../../utils/time.ts"
import type { Context } from "../../context.ts"
import { type PicoDollars, toDollars } from "../../usage/cost.ts"
import { type ActivityOfHour, countHour, MOST_DAYS, THIS_HOUR_SQL, toPicoSql } from "./count-activity.ts"
import { addDurations, type Durations, percentile } from "./durations.ts"

export type ActivityRange = "day" | "month"

/** What happened in an hour or in a UTC day. */
export interface ActivityPoint {
  at: Date
  prompts: number
  completed: number
  failed: number
  cancelled: number
  /** A decimal number of US dollars. */
  cost: string
  /** How long completed replies took; null without any. */
  latency: { p50Ms: number; p95Ms: number } | null
}

export interface Activity {
  points: ActivityPoint[]
  /** Hours of the range that are over and not counted yet: none, once a worker has run for some minutes. */
  uncountedHours: number
}

const RANGES = {
  day: { stepMs: HOUR, steps: 24 },
  month: { stepMs: DAY, steps: MOST_DAYS },
} as const

/** Hours at the end that are counted when they are read: the present one, and the one before it until a worker has counted it. */
const LIVE_HOURS = 2

/**
 * Reads what happened in the last 24 hours, by the hour, or in the last 30 days, by the UTC day, oldest first, the present
 * hour and day included. Costs a few hundred rows and the replies of at most two hours, whatever else is stored.
 */
export async function readActivity(ctx: Context, range: ActivityRange): Promise<Activity> {
  const { stepMs, steps } = RANGES[range]
  const thisHour = await readThisHour(ctx)
  const from = Math.floor(thisHour / stepMs) * stepMs - (steps - 1) * stepMs
  const hours = await readHours(ctx, { from, thisHour })
  const sums = Array.from({ length: steps }, (_, step) => emptySum(from + step * stepMs))
  for (const hour of hours) add(sums[Math.floor((hour.hour.getTime() - from) / stepMs)], hour)
  return { points: sums.map(toPoint), uncountedHours: (thisHour - from) / HOUR + 1 - hours.length }
}

async function readThisHour({ db }: Context): Promise<number> {
  const { rows } = await db.pool.query<{ hour: Date }>(`SELECT ${THIS_HOUR_SQL} AS hour`)
  return (rows[0] as { hour: Date }).hour.getTime()
}

async function readHours(
  { db }: Context,
  { from, thisHour }: { from: number; thisHour: number },
): Promise<ActivityOfHour[]> {
  const { rows: counted } = await db.pool.query<ActivityOfHour>(COUNTED, [new Date(from), new Date(thisHour)])
  const known = new Set(counted.map(({ hour }) => hour.getTime()))
  const live = Array.from({ length: LIVE_HOURS }, (_, before) => thisHour - before * HOUR)
  const missing = live.filter((hour) => !known.has(hour))
  return [...counted, ...(await Promise.all(missing.map((hour) => countHour(db.pool, new Date(hour)))))]
}

const COUNTED = `
  SELECT hour, prompts, completed, failed, cancelled, ${toPicoSql("cost_amount")} AS cost, durations
  FROM activity_hours WHERE hour BETWEEN $1 AND $2`

interface Sum {
  at: number
  prompts: number
  completed: number
  failed: number
  cancelled: number
  cost: PicoDollars
  durations: Durations
}

const emptySum = (at: number): Sum => ({
  at,
  prompts: 0,
  completed: 0,
  failed: 0,
  cancelled: 0,
  cost: 0n,
  durations: {},
})

function add(sum: Sum | undefined, hour: ActivityOfHour): void {
  if (!sum) return
  sum.prompts += hour.prompts
  sum.completed += hour.completed
  sum.failed += hour.failed
  sum.cancelled += hour.cancelled
  sum.cost += BigInt(hour.cost)
  addDurations(sum.durations, hour.durations)
}

function toPoint({ at, cost, durations, ...counts }: Sum): ActivityPoint {
  const [p50Ms, p95Ms] = [percentile(durations, 0.5), percentile(durations, 0.95)]
  return {
    at: new Date(at),
    ...counts,
    cost: toDollars(cost),
    latency: p50Ms === null || p95Ms === null ? null : { p50Ms, p95Ms },
  }
}
