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
export const TODAY_SQL = "(app_now() AT TIME ZONE 'UTC')::date"

/** When `TODAY_SQL`'s day ends. */
export const RESETS_AT_SQL = `((${TODAY_SQL} + 1)::timestamp AT TIME ZONE 'UTC')`

/** Returns the daily limit of a row of users; the parameters are the limits of the two plans. */
export function dailyLimitSql(users: string, basic: string, pro: string): string {
  return `CASE WHEN ${isProSql(users)} THEN ${pro}::int ELSE ${basic}::int END`
}

const BY_PROMPT: ReadonlySet<string> = new Set(["blocked", "provider_refused", "empty", "truncated"])

/** Returns whether a reply with this failure code failed by its prompt, and not for the provider's reasons or ours. */
export function failedByPrompt(code: string | null): boolean {
  return code !== null && BY_PROMPT.has(code)
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
      WHERE NOT counter.closed AND (SELECT daily_limit IS NULL OR counter.used < daily_limit FROM ${prompts} WHERE user_id = counter.user_id)
    RETURNING counter.user_id, counter.day`
}

/**
 * Gives a reply's unit back to the day that paid for it. Clearing the day on the reply in the same statement makes it
 * happen once, however often it is asked for. Of replies that failed by their prompt, as many a day get theirs back as
 * the user's limit allows prompts: asking for refusals on purpose costs the operator money. The guarded update decides
 * between those that want the last one.
 */
export async function giveBackPrompt(
  client: pg.ClientBase,
  { basicDailyPrompts, proDailyPrompts }: DailyLimits,
  { userId, replyId, byPrompt }: { userId: string; replyId: string; byPrompt: boolean },
): Promise<void> {
  const values = [userId, replyId, byPrompt, basicDailyPrompts, proDailyPrompts]
  await client.query({ name: "give-back-prompt", text: GIVE_BACK, values })
}

const GIVE_BACK = `
  WITH charged AS (
    SELECT m.charged_on AS day, ${dailyLimitSql("u", "$4", "$5")} AS daily_limit
    FROM messages AS m JOIN users AS u ON u.id = m.user_id
    WHERE m.user_id = $1 AND m.id = $2 AND m.charged_on IS NOT NULL
    FOR UPDATE OF m
  ), given AS (
    UPDATE usage_counters AS counter SET used = counter.used - 1, given_back = counter.given_back + $3::boolean::int
    FROM charged
    WHERE counter.user_id = $1 AND counter.day = charged.day AND NOT counter.closed
      AND (NOT $3 OR daily_limit IS NULL OR counter.given_back < daily_limit)
    RETURNING counter.day
  )
  UPDATE messages SET charged_on = NULL WHERE user_id = $1 AND id = $2 AND EXISTS (SELECT FROM given)`

/**
 * Keeps the day's use of an account that is being deleted, with its number's hash, and closes its counters, so that
 * no prompt on its way is charged to them any more. Tomorrow's is closed, too, as today may end before the commit.
 */
export async function keepUsage(
  client: pg.ClientBase,
  { userId, numberHash }: { userId: string; numberHash: Buffer },
): Promise<void> {
  await client.query({ name: "keep-usage", text: KEEP, values: [userId, numberHash] })
}

const KEEP = `
  WITH closed AS (
    INSERT INTO usage_counters AS counter (user_id, day, used, closed)
    SELECT $1, ${TODAY_SQL} + later, 0, true FROM generate_series(0, 1) AS later
    ON CONFLICT (user_id, day) DO UPDATE SET closed = true
    RETURNING counter.day, counter.used, counter.given_back
  )
  INSERT INTO usage_of_numbers AS kept (number_hash, day, used, given_back)
  SELECT $2, day, used, given_back FROM closed WHERE used > 0 OR given_back > 0
  ON CONFLICT (number_hash, day) DO UPDATE
    SET used = greatest(kept.used, excluded.used), given_back = greatest(kept.given_back, excluded.given_back)`

/**
 * Ties the day's use to a new number of the user's: it goes on with the higher one of the two, and the old number keeps
 * what the user has used, so that no further account of either begins at none.
 * @param from the hashes of the old number by every key, the newest first; `to` those of the new one
 */
export async function moveUsage(
  client: pg.ClientBase,
  { userId, from, to }: { userId: string; from: readonly Buffer[]; to: readonly Buffer[] },
): Promise<void> {
  await client.query({ name: "move-usage", text: MOVE, values: [userId, from[0], to] })
}

const MOVE = `
  WITH kept AS (
    SELECT coalesce(max(used), 0) AS used, coalesce(max(given_back), 0) AS given_back FROM usage_of_numbers
    WHERE number_hash = ANY ($3::bytea[]) AND day = ${TODAY_SQL}
  ), counted AS (
    INSERT INTO usage_counters AS counter (user_id, day, used, given_back)
    SELECT $1::uuid, ${TODAY_SQL}, used, given_back FROM kept
    ON CONFLICT (user_id, day) DO UPDATE
      SET used = greatest(counter.used, excluded.used), given_back = greatest(counter.given_back, excluded.given_back)
    RETURNING counter.day, counter.used, counter.given_back
  )
  INSERT INTO usage_of_numbers AS old (number_hash, day, used, given_back)
  SELECT $2::bytea, day, used, given_back FROM counted WHERE used > 0 OR given_back > 0
  ON CONFLICT (number_hash, day) DO UPDATE
    SET used = greatest(old.used, excluded.used), given_back = greatest(old.given_back, excluded.given_back)`

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
