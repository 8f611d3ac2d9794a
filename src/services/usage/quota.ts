import type pg from "pg"
import { isProSql, type Tier } from "../../models/user.ts"

/** Prompts a day, null for no limit, of each plan. */
export interface DailyLimits {
  basicDailyPrompts: number
  proDailyPrompts: number | null
}

/** What a user may send today, and has sent. */
export interface Quota {
  /** YYYY-MM-DD, UTC by the database's clock. */
  day: string
  used: number
  /** Prompts a day; null: no limit, as for `remaining`. */
  limit: number | null
  remaining: number | null
  resetsAt: Date
}

/** Today, as every part of the quota means it: the UTC day by the database's clock. */
const TODAY_SQL = "(app_now() AT TIME ZONE 'UTC')::date"

/** When `TODAY_SQL`'s day ends. */
export const RESETS_AT_SQL = `((${TODAY_SQL} + 1)::timestamp AT TIME ZONE 'UTC')`

/** Returns the daily limit of a row of users; the parameters are the limits of the two plans. */
export function dailyLimitSql(users: string, basic: string, pro: string): string {
  return `CASE WHEN ${isProSql(users)} THEN ${pro}::int ELSE ${basic}::int END`
}

/**
 * Returns the statement that charges a prompt to each row of `prompts`, as far as its `daily_limit` goes. The guarded
 * upsert decides between prompts that want the last unit. It returns `user_id` and `day` of what was charged.
 * @param prompts a table with `user_id`, each once, and `daily_limit`
 */
export function chargeSql(prompts: string): string {
  return `INSERT INTO usage_counters AS counter (user_id, day, used)
    SELECT user_id, ${TODAY_SQL}, 1 FROM ${prompts} WHERE daily_limit IS NULL OR daily_limit > 0 ORDER BY user_id
    ON CONFLICT (user_id, day) DO UPDATE SET used = counter.used + 1
      WHERE (SELECT daily_limit IS NULL OR counter.used < daily_limit FROM ${prompts} WHERE user_id = counter.user_id)
    RETURNING counter.user_id, counter.day`
}

/**
 * Gives a failed reply's unit back to the day that paid for it. Clearing the day on the reply in the same statement
 * makes it happen once, however often it is asked for.
 */
export async function giveBackPrompt(client: pg.ClientBase, userId: string, replyId: string): Promise<void> {
  await client.query({ name: "give-back-prompt", text: GIVE_BACK, values: [userId, replyId] })
}

const GIVE_BACK = `
  WITH charged AS (
    UPDATE messages AS m SET charged_on = NULL
    FROM (
      SELECT id, charged_on FROM messages WHERE user_id = $1 AND id = $2 AND charged_on IS NOT NULL FOR UPDATE
    ) AS before
    WHERE m.user_id = $1 AND m.id = before.id
    RETURNING before.charged_on AS day
  )
  UPDATE usage_counters AS u SET used = u.used - 1 FROM charged WHERE u.user_id = $1 AND u.day = charged.day`

/** Reads how much of today's quota is left to a user of this tier. */
export async function readQuota(
  db: pg.Pool,
  limits: DailyLimits,
  { userId, tier }: { userId: string; tier: Tier },
): Promise<Quota> {
  const { rows } = await db.query<Pick<Quota, "day" | "used" | "resetsAt">>({
    name: "read-quota",
    text: READ,
    values: [userId],
  })
  const [today] = rows as [(typeof rows)[number]]
  const limit = tier === "pro" ? limits.proDailyPrompts : limits.basicDailyPrompts
  return { ...today, limit, remaining: limit === null ? null : Math.max(0, limit - today.used) }
}

const READ = `
  SELECT ${TODAY_SQL}::text AS day, ${RESETS_AT_SQL} AS "resetsAt",
    coalesce((SELECT used FROM usage_counters WHERE user_id = $1 AND day = ${TODAY_SQL}), 0) AS used`

/** Reads how many prompts a user has sent, by the day. */
export async function readUsage(db: pg.Pool, userId: string): Promise<{ day: string; prompts: number }[]> {
  const { rows } = await db.query(USAGE, [userId])
  return rows
}

const USAGE = "SELECT day::text, used AS prompts FROM usage_counters WHERE user_id = $1 ORDER BY day"
