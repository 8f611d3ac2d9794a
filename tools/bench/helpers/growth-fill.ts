import type pg from "pg"
import { DAY, HOUR, MINUTE } from "../../../src/utils/time.ts"
import { mobileNumberOf } from "./users.ts"

/** How many rows a database is filled with. */
export interface Size {
  users: number
  /** Of each user. */
  rooms: number
  /** Of each room: prompts and replies in turns. */
  messages: number
}

/** Users at a time. */
const BATCH = 10_000

/** They have signed up one after the other, until now. */
const AGE = 360 * DAY

/** The first number that `signInUsers` has given to nobody. */
const FIRST_NUMBER = 1_000_000

/** The number of the user `n` of those that were filled in. */
export const filledNumberOf = (n: number) => mobileNumberOf(FIRST_NUMBER + n)

/**
 * Fills the tables of a service that has run for a year, within PostgreSQL and in bulk: without triggers and checks of
 * foreign keys, whose work is done by the rows that they would have written. Ids and rows follow the time, as they do in
 * use. The index of searches stays empty, which `search` measures, and nobody pays, because the reconciler would ask Stripe
 * for each of them.
 */
export async function fillTables(pool: pg.Pool, size: Size): Promise<void> {
  await pool.query(ID_AT)
  const since = Date.now() - AGE - DAY
  const every = Math.floor(AGE / size.users)
  const starts = Array.from({ length: Math.ceil(size.users / BATCH) }, (_, i) => i * BATCH).values()
  const fill = async () => {
    const client = await pool.connect()
    try {
      await client.query(
        "SET session_replication_role = replica; SET synchronous_commit = off; SET jit = off",
      )
      for (const first of starts) {
        const last = Math.min(first + BATCH, size.users) - 1
        for (const statement of STATEMENTS)
          await client.query(statementOf(statement, { ...size, first, last, since, every }))
      }
      await client.query("RESET ALL")
    } finally {
      client.release()
    }
  }
  await Promise.all(Array.from({ length: pool.options.max ?? 1 }, fill))
  await pool.query(HOURS)
  await pool.query("VACUUM (ANALYZE)")
}

/** Numbers for names in braces. */
function statementOf(text: string, numbers: Record<string, number>): string {
  return text.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(numbers[name]))
}

/** A UUIDv7 of a time in milliseconds. */
const ID_AT = `
  CREATE FUNCTION id_at(ms bigint, seed text) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT overlay(overlay(md5(seed) PLACING lpad(to_hex(ms), 12, '0') || '7' FROM 1) PLACING '8' FROM 17)::uuid
  $$`

const AT = "{since} + n * {every}::bigint"
const ROOM_AT = `${AT} + r * ${HOUR}`
const timeOf = (ms: string) => `to_timestamp((${ms}) / 1000.0)`
const USER = `id_at(${AT}, 'user ' || n)`
const ROOM = `id_at(${ROOM_AT}, 'room ' || n || ' ' || r)`
const messageAt = (m: string) => `${ROOM_AT} + ${m} * ${MINUTE}`
const message = (m: string) => `id_at(${messageAt(m)}, 'message ' || n || ' ' || r || ' ' || ${m})`

const USERS = "generate_series({first}, {last}) AS n"
const ROOMS = `${USERS}, generate_series(0, {rooms} - 1) AS r`
const MESSAGES = `${ROOMS}, generate_series(0, {messages} - 1) AS m`

const PROMPT = "What should I cook for six friends on Friday, two of whom don''t eat meat? "
const REPLY = "A vegetable lasagne keeps warm for an hour, and what is left tastes better the day after. "

/** Every tenth user is Pro, of 5,000 replies one has failed, and of 50 one was rated. */
const STATEMENTS = [
  `INSERT INTO users (id, mobile_number, name, verified_at, pro_until, created_at, updated_at)
   SELECT ${USER}, '+1202' || 3000000 + n, 'User ' || n, ${timeOf(AT)}, CASE WHEN n % 10 = 0 THEN 'infinity'::timestamptz END,
     ${timeOf(AT)}, ${timeOf(AT)} FROM ${USERS}`,
  `INSERT INTO sessions (user_id, id, opened_by, created_at, last_used_at, rotated_at, expires_at)
   SELECT ${USER}, id_at(${AT}, 'session ' || n), 'otp', ${timeOf(AT)}, now(), now(), now() + interval '30 days' FROM ${USERS}`,
  `INSERT INTO chatrooms (user_id, id, name, name_by, head_id, last_position, last_message_at, activity_at, created_at, updated_at)
   SELECT ${USER}, ${ROOM}, 'Plans for the week ' || r, 'model', ${message("({messages} - 1)")}, {messages}, at, at, at, at
   FROM ${ROOMS}, LATERAL (SELECT ${timeOf(ROOM_AT)} AS at) AS time`,
  `INSERT INTO chatroom_lists (user_id, version) SELECT ${USER}, gen_random_uuid() FROM ${USERS}`,
  `INSERT INTO messages (user_id, id, chatroom_id, parent_id, position, role, content, status, error_code, model,
     prompt_tokens, output_tokens, total_tokens, cost_amount, cost_currency, feedback, charged_on, created_at, completed_at)
   SELECT ${USER}, ${message("m")}, ${ROOM}, CASE WHEN m > 0 THEN ${message("(m - 1)")} END, m,
     CASE WHEN is_reply THEN 'model' ELSE 'user' END,
     CASE WHEN is_reply THEN repeat('${REPLY}', 4) ELSE '${PROMPT}' END || n, CASE WHEN failed THEN 'failed' ELSE 'completed' END,
     CASE WHEN failed THEN 'provider_busy' END, CASE WHEN is_reply THEN 'gemini-3.8-flash' END, CASE WHEN is_reply THEN 100 END,
     CASE WHEN is_reply THEN 90 END, CASE WHEN is_reply THEN 190 END, CASE WHEN is_reply THEN 0.0003 END,
     CASE WHEN is_reply THEN 'USD' END, CASE WHEN is_reply AND n % 50 = 0 THEN '{"rating":"up"}'::jsonb END,
     CASE WHEN is_reply THEN at::date END, at, at + interval '5 seconds'
   FROM ${MESSAGES}, LATERAL (SELECT ${timeOf(messageAt("m"))} AS at, m % 2 = 1 AS is_reply, m = 1 AND r = 0 AND n % 5000 = 7 AS failed) AS kind`,
  `INSERT INTO usage_counters (user_id, day, used) SELECT ${USER}, (${timeOf(AT)})::date + d, 1 + n % 5
   FROM ${USERS}, generate_series(0, 4) AS d`,
  `INSERT INTO model_usage (user_id, day, model, kind, prompts, calls, prompt_tokens, output_tokens, cost_amount)
   SELECT ${USER}, (${timeOf(AT)})::date + d, 'gemini-3.8-flash', 'reply', 3, 3, 300, 270, 0.0009 FROM ${USERS}, generate_series(0, 4) AS d`,
  `INSERT INTO search_users (user_id) SELECT ${USER} FROM ${USERS}`,
  `INSERT INTO entitlement_log (user_id, id, at, tier, reason, cause)
   SELECT ${USER}, id_at(${AT}, 'log ' || n), ${timeOf(AT)}, 'pro', 'paid', 'event' FROM ${USERS} WHERE n % 10 = 0`,
  `INSERT INTO billing_events (id, type, status, created_at, received_at, handled_at)
   SELECT 'evt_' || n, 'invoice.paid', 'handled', at, at, at FROM ${USERS}, LATERAL (SELECT now() - n * interval '1 second' AS at) AS time
   WHERE n % 10 = 0`,
  `INSERT INTO idempotency_keys (user_id, key, request_hash, result)
   SELECT ${USER}, 'key ' || n, '\\x00', '{}' FROM ${USERS} WHERE n % 10 = 0`,
  `INSERT INTO admin_audit (id, at, actor, action, target_id, request_id, address, outcome)
   SELECT id_at(${AT}, 'audit ' || n), ${timeOf(AT)}, 'token', 'user.look_up', ${USER}, 'bench', '127.0.0.1', 'done'
   FROM ${USERS} WHERE n % 100 = 0`,
]

/** Those that a worker has counted. */
const HOURS = `
  INSERT INTO activity_hours (hour, prompts, completed, failed, cancelled, cost_amount, durations)
  SELECT date_trunc('hour', now(), 'UTC') - n * interval '1 hour', 10, 10, 0, 0, 0.01, '{}' FROM generate_series(1, 9600) AS n
  ON CONFLICT DO NOTHING`
