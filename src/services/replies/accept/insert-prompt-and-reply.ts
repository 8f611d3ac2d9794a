import type pg from "pg"
import type { CompleteConfig } from "../../../config/env.ts"
import type { Timing } from "../../../config/timing.ts"
import { QUEUE_POSITION_SQL } from "../../chat/message-record.ts"
import { RESETS_AT_SQL, TODAY_SQL } from "../../usage/quota.ts"
import { IS_PRO_SQL, TIER_SQL } from "../../users/tier.ts"
import { IN_FLIGHT_SQL } from "./reply-queue.ts"

/** A prompt to be written, with the reply that it waits for. */
export interface NewPrompt {
  userId: string
  chatroomId: string
  promptId: string
  replyId: string
  content: string
  /** undefined: the end of the branch that the room shows; null: none. */
  parentId: string | null | undefined
  requestId: string
  traceparent: string | null
}

/** What came of one; its rows are there where it is `charged`, and nothing is otherwise. */
export interface InsertOutcome {
  room_found: boolean
  parent_found: boolean
  tier: string
  daily_limit: number | null
  charged: boolean
  parent_id: string | null
  position: number
  /** No earlier reply of the room is unfinished. */
  starts_now: boolean
  /** How many replies of the room come first. */
  queue_position: number
  /** How many of the user's replies are enqueued, this one included. */
  in_flight: number
  model: string
  now: Date
  resets_at: Date
}

export interface Settings {
  config: Pick<CompleteConfig, "plans" | "gemini">
  timing: Timing
}

/** Writes one prompt, whole or not at all. Waits for whoever holds its room. */
export async function insertPromptAndReply(
  db: pg.Pool | pg.ClientBase,
  settings: Settings,
  prompt: NewPrompt,
): Promise<InsertOutcome> {
  const [outcome] = await insertPromptsAndReplies(db, settings, [prompt], { skipLocked: false })
  return outcome as InsertOutcome
}

/**
 * Writes the prompts of as many users, each whole or not at all.
 * @param prompts of different users
 * @param skipLocked whether to wait for no room: one that somebody else holds is not found then
 * @returns what came of each, in their order
 */
export async function insertPromptsAndReplies(
  db: pg.Pool | pg.ClientBase,
  { config: { plans, gemini }, timing }: Settings,
  prompts: readonly NewPrompt[],
  { skipLocked }: { skipLocked: boolean },
): Promise<InsertOutcome[]> {
  const { rows } = await (db as pg.Pool).query<InsertOutcome & { reply_id: string }>({
    name: skipLocked ? "send-messages" : "send-message",
    text: skipLocked ? SEND_UNLESS_LOCKED : SEND,
    values: [
      prompts.map(({ chatroomId }) => chatroomId),
      prompts.map(({ userId }) => userId),
      prompts.map(({ parentId }) => parentId === undefined),
      prompts.map(({ parentId }) => parentId ?? null),
      prompts.map(({ promptId }) => promptId),
      prompts.map(({ replyId }) => replyId),
      prompts.map(({ content }) => content),
      prompts.map(({ requestId }) => requestId),
      prompts.map(({ traceparent }) => traceparent),
      plans.basicDailyPrompts,
      plans.proDailyPrompts,
      gemini.model,
      timing.replies.sweepAfterMs,
    ],
  })
  const byReply = new Map(rows.map((row) => [row.reply_id, row]))
  return prompts.map(({ replyId }) => byReply.get(replyId) as InsertOutcome)
}

/**
 * One statement, so one round trip and one transaction. The room's row lock puts the sends of a room in order; the
 * counter's guarded upsert decides between sends that want the last unit. Where room, parent or quota is missing,
 * the later parts find no row to start from and write nothing. What is read under the lock is read from the locked
 * row itself, because the rest of the statement sees the database as it was before it waited. Rooms are locked
 * before counters, and each in the order of their ids, so that no two statements wait for one another.
 */
const sendSql = (whenLocked: "" | "SKIP LOCKED") => `
  WITH input AS MATERIALIZED (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::boolean[], $4::uuid[], $5::uuid[], $6::uuid[], $7::text[],
        $8::text[], $9::text[])
      AS input (chatroom_id, user_id, follows_head, wanted_parent_id, prompt_id, reply_id, content, request_id,
        traceparent)
  ), room AS (
    SELECT input.*, c.head_id, c.active_reply_id, c.last_position, coalesce(c.model, $12) AS model,
      ${TIER_SQL("u.pro_until")} AS tier,
      CASE WHEN ${IS_PRO_SQL("u.pro_until")} THEN $11::int ELSE $10::int END AS daily_limit
    FROM input
    JOIN chatrooms AS c ON c.id = input.chatroom_id AND c.user_id = input.user_id
    JOIN users AS u ON u.id = c.user_id
    WHERE u.suspended_at IS NULL
    ORDER BY c.id
    FOR UPDATE OF c ${whenLocked}
  ), place AS (
    SELECT room.*, CASE WHEN follows_head THEN head_id ELSE wanted_parent_id END AS parent_id
    FROM room
    WHERE follows_head OR wanted_parent_id IS NULL OR (
      SELECT m.chatroom_id = room.chatroom_id AND m.role = 'model' FROM messages AS m WHERE m.id = wanted_parent_id
    )
  ), charged AS (
    INSERT INTO usage_counters AS counter (user_id, day, used)
    SELECT user_id, ${TODAY_SQL}, 1 FROM place WHERE daily_limit IS NULL OR daily_limit > 0 ORDER BY user_id
    ON CONFLICT (user_id, day) DO UPDATE SET used = counter.used + 1
      WHERE (SELECT daily_limit IS NULL OR counter.used < daily_limit FROM place WHERE user_id = counter.user_id)
    RETURNING counter.user_id, counter.day
  ), written AS (
    INSERT INTO messages (chatroom_id, request_id, id, parent_id, position, role, content, status, completed_at,
      model, charged_on, lease_until, traceparent)
    SELECT place.chatroom_id, place.request_id, message.*
    FROM place JOIN charged USING (user_id) CROSS JOIN LATERAL (VALUES
      (prompt_id, place.parent_id, last_position + 1, 'user', content, 'completed', now(),
        NULL, NULL::date, NULL::timestamptz, NULL),
      (reply_id, prompt_id, last_position + 2, 'model', '', 'queued', NULL,
        model, charged.day, now() + $13 * interval '1 millisecond', traceparent)
    ) AS message
  ), touched AS (
    UPDATE chatrooms AS c
    SET head_id = reply_id, active_reply_id = coalesce(c.active_reply_id, reply_id),
      last_position = c.last_position + 2, last_message_at = now(), activity_at = now(), updated_at = now()
    FROM place JOIN charged USING (user_id) WHERE c.id = place.chatroom_id
  )
  SELECT input.reply_id, room.reply_id IS NOT NULL AS room_found, place.reply_id IS NOT NULL AS parent_found,
    place.tier, place.daily_limit, charged.user_id IS NOT NULL AS charged, place.parent_id,
    place.last_position + 1 AS position, place.active_reply_id IS NULL AS starts_now,
    CASE WHEN place.active_reply_id IS NULL THEN 0
      ELSE ${QUEUE_POSITION_SQL("place.chatroom_id", "place.last_position + 1")} END AS queue_position,
    ${IN_FLIGHT_SQL("input.user_id")} + 1 AS in_flight, place.model, now()::timestamptz(3) AS now,
    ${RESETS_AT_SQL} AS resets_at
  FROM input LEFT JOIN room USING (reply_id) LEFT JOIN place USING (reply_id)
    LEFT JOIN charged ON charged.user_id = input.user_id`

const SEND = sendSql("")
const SEND_UNLESS_LOCKED = sendSql("SKIP LOCKED")
