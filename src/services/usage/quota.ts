import type pg from "pg"
import type { Tool } from "../../models/chatroom.ts"
import { isProSql, type Tier } from "../../models/user.ts"

/** Prompts a day, null for no limit, of each plan. */
export interface DailyLimits {
  basicDailyPrompts: number
  proDailyPrompts: number | null
}

/** Replies a day of each plan that use a tool. */
export interface DailyToolLimits {
  basicDailyTools: Record<Tool, number>
  proDailyTools: Record<Tool, number>
}

/** How much of a tool a user has used today. */
export interface ToolQuota {
  used: number
  limit: number
  remaining: number
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
  tools: Record<Tool, ToolQuota>
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

/** Where uses of a tool are counted, and where a reply says which day paid for its own. */
const TOOL_COLUMNS: Record<Tool, { count: string; paidOn: string }> = {
  webSearch: { count: "web_searches", paidOn: "web_search_on" },
  urlContext: { count: "url_contexts", paidOn: "url_context_on" },
}

/**
 * Charges a reply's use of a tool, once however often it is asked for. The guarded upsert decides between replies that
 * want the last unit of the day.
 * @param attempt the reply's newest; a stale one is charged nothing
 * @returns whether the reply holds a unit
 */
export async function chargeTool(
  db: pg.Pool,
  { basicDailyTools, proDailyTools }: DailyToolLimits,
  { userId, replyId, attempt, tool }: { userId: string; replyId: string; attempt: number; tool: Tool },
): Promise<boolean> {
  const values = [userId, replyId, attempt, basicDailyTools[tool], proDailyTools[tool]]
  const { rows } = await db.query<{ holds: boolean }>({
    name: `charge-${tool}`,
    text: CHARGE_TOOL[tool],
    values,
  })
  return rows[0]?.holds ?? false
}

/** Not FOR UPDATE: a prompt that has charged its unit may be about to refer to the reply as its parent. */
const chargeToolSql = ({ count, paidOn }: (typeof TOOL_COLUMNS)[Tool]) => `
  WITH reply AS (
    SELECT m.user_id, m.id, m.${paidOn} AS paid_on, ${dailyLimitSql("u", "$4", "$5")} AS daily_limit
    FROM messages AS m JOIN users AS u ON u.id = m.user_id
    WHERE m.user_id = $1 AND m.id = $2 AND m.attempt = $3 AND m.status = 'running'
    FOR NO KEY UPDATE OF m
  ), charged AS (
    INSERT INTO usage_counters AS counter (user_id, day, used, ${count})
    SELECT user_id, ${TODAY_SQL}, 0, 1 FROM reply WHERE paid_on IS NULL AND daily_limit > 0
    ON CONFLICT (user_id, day) DO UPDATE SET ${count} = counter.${count} + 1
      WHERE NOT counter.closed AND counter.${count} < (SELECT daily_limit FROM reply)
    RETURNING counter.day
  ), noted AS (
    UPDATE messages SET ${paidOn} = charged.day FROM charged WHERE user_id = $1 AND id = $2
  )
  SELECT paid_on IS NOT NULL OR EXISTS (SELECT FROM charged) AS holds FROM reply`

const CHARGE_TOOL = {
  webSearch: chargeToolSql(TOOL_COLUMNS.webSearch),
  urlContext: chargeToolSql(TOOL_COLUMNS.urlContext),
}

/** Gives back, once, what a reply holds of tools that it didn't use, to the days that paid. */
export async function giveBackTools(
  client: pg.ClientBase,
  { userId, replyId, used }: { userId: string; replyId: string; used: readonly Tool[] },
): Promise<void> {
  const values = [userId, replyId, !used.includes("webSearch"), !used.includes("urlContext")]
  await client.query({ name: "give-back-tools", text: GIVE_BACK_TOOLS, values })
}

/** The update reads what was held, and so only after that is known. */
const GIVE_BACK_TOOLS = `
  WITH held AS (
    SELECT CASE WHEN $3 THEN web_search_on END AS searched, CASE WHEN $4 THEN url_context_on END AS read
    FROM messages WHERE user_id = $1 AND id = $2 FOR UPDATE
  ), given AS (
    UPDATE usage_counters AS counter
    SET web_searches = web_searches - coalesce(counter.day = held.searched, false)::int,
      url_contexts = url_contexts - coalesce(counter.day = held.read, false)::int
    FROM held WHERE counter.user_id = $1 AND counter.day IN (held.searched, held.read) AND NOT counter.closed
  )
  UPDATE messages AS m
  SET web_search_on = CASE WHEN held.searched IS NULL THEN m.web_search_on END,
    url_context_on = CASE WHEN held.read IS NULL THEN m.url_context_on END
  FROM held WHERE m.user_id = $1 AND m.id = $2`

/** What is counted of a user's day. */
const COUNTS = ["used", "given_back", "web_searches", "url_contexts"] as const

const countsOfSql = (table: string) => COUNTS.map((count) => `${table}.${count}`).join()

const anySql = () => COUNTS.map((count) => `${count} > 0`).join(" OR ")

/** Of a row that is there and the one to be inserted. */
const higherOfBothSql = (table: string) =>
  COUNTS.map((count) => `${count} = greatest(${table}.${count}, excluded.${count})`).join()

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
    RETURNING counter.day, ${countsOfSql("counter")}
  )
  INSERT INTO usage_of_numbers AS kept (number_hash, day, ${COUNTS.join()})
  SELECT $2, day, ${COUNTS.join()} FROM closed WHERE ${anySql()}
  ON CONFLICT (number_hash, day) DO UPDATE SET ${higherOfBothSql("kept")}`

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
    SELECT ${COUNTS.map((count) => `coalesce(max(${count}), 0) AS ${count}`).join()} FROM usage_of_numbers
    WHERE number_hash = ANY ($3::bytea[]) AND day = ${TODAY_SQL}
  ), counted AS (
    INSERT INTO usage_counters AS counter (user_id, day, ${COUNTS.join()})
    SELECT $1::uuid, ${TODAY_SQL}, ${COUNTS.join()} FROM kept
    ON CONFLICT (user_id, day) DO UPDATE SET ${higherOfBothSql("counter")}
    RETURNING counter.day, ${countsOfSql("counter")}
  )
  INSERT INTO usage_of_numbers AS old (number_hash, day, ${COUNTS.join()})
  SELECT $2::bytea, day, ${COUNTS.join()} FROM counted WHERE ${anySql()}
  ON CONFLICT (number_hash, day) DO UPDATE SET ${higherOfBothSql("old")}`

/** Reads how much of today's quota is left to a user of this tier. */
export async function readQuota(
  db: pg.Pool,
  limits: DailyLimits & DailyToolLimits,
  { userId, tier }: { userId: string; tier: Tier },
): Promise<Quota> {
  const { rows } = await db.query<Pick<Quota, "day" | "used" | "resetsAt"> & Record<Tool, number>>({
    name: "read-quota",
    text: READ,
    values: [userId],
  })
  const [{ webSearch, urlContext, ...today }] = rows as [(typeof rows)[number]]
  const limit = tier === "pro" ? limits.proDailyPrompts : limits.basicDailyPrompts
  const ofTools = tier === "pro" ? limits.proDailyTools : limits.basicDailyTools
  const toQuota = (used: number, limit: number) => ({ used, limit, remaining: Math.max(0, limit - used) })
  return {
    ...today,
    limit,
    remaining: limit === null ? null : Math.max(0, limit - today.used),
    tools: {
      webSearch: toQuota(webSearch, ofTools.webSearch),
      urlContext: toQuota(urlContext, ofTools.urlContext),
    },
  }
}

const READ = `
  SELECT ${TODAY_SQL}::text AS day, ${RESETS_AT_SQL} AS "resetsAt", coalesce(used, 0) AS used,
    coalesce(web_searches, 0) AS "webSearch", coalesce(url_contexts, 0) AS "urlContext"
  FROM (SELECT) AS always LEFT JOIN usage_counters ON user_id = $1 AND day = ${TODAY_SQL}`

/** Reads how many prompts a user has sent and how many replies used a tool, by the day. */
export async function readUsage(
  db: pg.Pool,
  userId: string,
): Promise<({ day: string; prompts: number } & Record<Tool, number>)[]> {
  const { rows } = await db.query(USAGE, [userId])
  return rows
}

const USAGE = `SELECT day::text, used AS prompts, web_searches AS "webSearch", url_contexts AS "urlContext"
  FROM usage_counters WHERE user_id = $1 ORDER BY day`
