import pg from "pg"
import type { CompleteConfig } from "../../../config/env.ts"
import type { Timing } from "../../../config/timing.ts"
import type { ThinkingLevel } from "../../../models/chatroom.ts"
import { type Tier, tierSql } from "../../../models/user.ts"
import { readMessage } from "../../chat/list-messages.ts"
import { type MessageRecord, queuePositionSql } from "../../chat/message-record.ts"
import { answeringModelSql, answeringModelValues, readableTypes } from "../../chat/offered-models.ts"
import { chargeSql, dailyLimitSql, RESETS_AT_SQL } from "../../usage/quota.ts"
import { toMessages, type Written } from "./new-messages.ts"
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
  /** The end of that branch, where it isn't the room's head: in front of what waits. */
  endId?: string
  /** Whether nothing is to be written while a reply of the room is unfinished. */
  unlessBusy: boolean
  /** Ids of files. */
  attachments: readonly string[]
  /** Instead of the room's. */
  thinking: ThinkingLevel | null
  requestId: string
  traceparent: string | null
}

/** What was written. */
export interface PromptAndReply {
  prompt: MessageRecord
  reply: MessageRecord
  /** No earlier reply of the room is unfinished. */
  startsNow: boolean
  /** How many of the user's replies are enqueued, this one included. */
  inFlight: number
}

/** What became of a prompt: written with its reply, or why nothing was. */
export type InsertOutcome =
  | ({ outcome: "written" } & PromptAndReply)
  | { outcome: "no-room" | "busy" | "no-parent" | "no-attachment" }
  /** The model that would reply doesn't read one of the files. */
  | { outcome: "unreadable"; model: string }
  | { outcome: "no-quota"; tier: Tier; limit: number; resetsAt: Date; now: Date }

export interface Settings {
  config: Pick<CompleteConfig, "plans" | "gemini">
  timing: Timing
}

/** Writes one prompt, whole or not at all. Waits while its room is locked. */
export async function insertPromptAndReply(
  db: pg.Pool | pg.ClientBase,
  settings: Settings,
  prompt: NewPrompt,
): Promise<InsertOutcome> {
  try {
    const [outcome] = await insertPromptsAndReplies(db, settings, [prompt], { skipLocked: false })
    return outcome as InsertOutcome
  } catch (error) {
    // Its parent was deleted while the statement, which sees the database as it was before, waited for the room.
    if (error instanceof pg.DatabaseError && error.constraint === PARENT) return { outcome: "no-parent" }
    throw error
  }
}

const PARENT = "messages_user_id_parent_id_fkey"

/**
 * Writes the prompts of as many users, each whole or not at all.
 * @param prompts of different users
 * @param skipLocked whether to skip locked rooms, whose prompts then get `no-room`, rather than wait for them
 * @returns what came of each, in their order
 */
export async function insertPromptsAndReplies(
  db: pg.Pool | pg.ClientBase,
  { config: { plans, gemini }, timing }: Settings,
  prompts: readonly NewPrompt[],
  { skipLocked }: { skipLocked: boolean },
): Promise<InsertOutcome[]> {
  const { rows } = await (db as pg.Pool).query<InsertedRow>({
    name: skipLocked ? "send-messages" : "send-message",
    text: skipLocked ? SEND_UNLESS_LOCKED : SEND,
    values: [
      prompts.map(({ chatroomId }) => chatroomId),
      prompts.map(({ userId }) => userId),
      prompts.map(({ parentId }) => parentId === undefined),
      prompts.map(({ parentId, endId }) => parentId ?? endId ?? null),
      prompts.map(({ promptId }) => promptId),
      prompts.map(({ replyId }) => replyId),
      prompts.map(({ content }) => content),
      prompts.map(({ requestId }) => requestId),
      prompts.map(({ traceparent }) => traceparent),
      prompts.map(({ thinking }) => thinking),
      prompts.map(({ attachments }) => (attachments.length > 0 ? `{${attachments.join()}}` : null)),
      prompts.map(({ unlessBusy }) => unlessBusy),
      plans.basicDailyPrompts,
      plans.proDailyPrompts,
      timing.replies.sweepAfterMs,
      ...answeringModelValues(gemini),
      prompts.some(({ attachments }) => attachments.length > 0) ? readableTypes(gemini) : null,
    ],
  })
  const found = new Map(rows.map((row) => [row.promptId, row]))
  const outcomes: InsertOutcome[] = []
  for (const prompt of prompts) {
    const row = found.get(prompt.promptId) as InsertedRow
    const outcome = toOutcome(prompt, row)
    if (outcome.outcome === "written" && row.hasVersions)
      outcome.prompt =
        (await readMessage(db, { userId: prompt.userId, id: prompt.promptId })) ?? outcome.prompt
    outcomes.push(outcome)
  }
  return outcomes
}

/** What became of a prompt. Times to tell with a refusal are read for that alone. */
interface InsertedRow extends Written {
  promptId: string
  found: "room" | "free" | "place" | "files" | "all" | null
  isWritten: boolean
  hasVersions: boolean
  startsNow: boolean
  inFlight: number
  tier: Tier
  dailyLimit: number | null
  resetsAt: Date | null
  now: Date | null
}

function toOutcome(prompt: NewPrompt, row: InsertedRow): InsertOutcome {
  const { found, model, startsNow, inFlight, tier, dailyLimit: limit } = row
  if (row.isWritten) return { outcome: "written", ...toMessages(prompt, row), startsNow, inFlight }
  if (found === null) return { outcome: "no-room" }
  if (found === "room") return { outcome: "busy" }
  if (found === "free") return { outcome: "no-parent" }
  if (found === "place") return { outcome: "no-attachment" }
  if (found === "files") return { outcome: "unreadable", model }
  // Without a limit only the counter of an account that was just deleted refuses.
  if (limit === null) return { outcome: "no-room" }
  return { outcome: "no-quota", tier, limit, resetsAt: row.resetsAt as Date, now: row.now as Date }
}

/** Where the reply is to stand. */
const REPLY = {
  userId: "target.user_id",
  chatroomId: "target.chatroom_id",
  position: "target.last_position + 2",
}

/**
 * One statement, so one round trip and one transaction. The room's row lock puts the sends of a room in order; the
 * counter's guarded upsert decides between sends that want the last unit. Where room, parent, file or quota is missing,
 * the later parts find no row to start from and write nothing. What is read under the lock is read from the locked
 * row itself, because the rest of the statement sees the database as it was before it waited. Rooms are locked
 * before counters, and each in the order of their ids, so that no two statements wait for one another.
 */
const sendSql = (whenLocked: "" | "SKIP LOCKED") => `
  WITH input AS MATERIALIZED (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::boolean[], $4::uuid[], $5::uuid[], $6::uuid[], $7::text[],
        $8::text[], $9::text[], $10::text[], $11::text[], $12::boolean[])
      AS input (chatroom_id, user_id, follows_head, wanted_parent_id, prompt_id, reply_id, content, request_id,
        traceparent, thinking, attachment_ids, unless_busy)
  ), room AS (
    SELECT input.*, c.thinking AS room_thinking, c.head_id, c.active_reply_id, c.last_position,
      ${answeringModelSql("c", "u", ["$16", "$17", "$18"])} AS model,
      ${tierSql("u")} AS tier, ${dailyLimitSql("u", "$13", "$14")} AS daily_limit
    FROM input
    JOIN chatrooms AS c ON c.user_id = input.user_id AND c.id = input.chatroom_id
    JOIN users AS u ON u.id = c.user_id
    WHERE u.suspended_at IS NULL AND u.deleted_at IS NULL
    ORDER BY c.id
    FOR UPDATE OF c ${whenLocked}
  ), free AS (
    SELECT * FROM room WHERE NOT unless_busy OR active_reply_id IS NULL
  ), placed AS (
    SELECT free.*, CASE WHEN follows_head THEN coalesce(wanted_parent_id, head_id) ELSE wanted_parent_id END AS parent_id,
      CASE WHEN attachment_ids IS NULL THEN '[]'
        ELSE take_attachments(free.user_id, attachment_ids::uuid[], coalesce($19::jsonb -> model, '[]')) END AS files
    FROM free
    WHERE follows_head OR wanted_parent_id IS NULL OR (
      SELECT m.chatroom_id = free.chatroom_id AND m.role = 'model' FROM messages AS m
      WHERE m.user_id = free.user_id AND m.id = wanted_parent_id
    )
  ), target AS (
    SELECT * FROM placed WHERE attachment_ids IS NULL OR files <> '[]'
  ), charged AS (
    ${chargeSql("target")}
  ), written AS (
    INSERT INTO messages (user_id, chatroom_id, request_id, id, parent_id, position, role, content, status, completed_at,
      model, charged_on, lease_until, traceparent, thinking, attachments)
    SELECT target.user_id, target.chatroom_id, target.request_id, message.*
    FROM target JOIN charged USING (user_id) CROSS JOIN LATERAL (VALUES
      (prompt_id, target.parent_id, last_position + 1, 'user', content, 'completed', now(),
        NULL, NULL::date, NULL::timestamptz, NULL, NULL, files),
      (reply_id, prompt_id, last_position + 2, 'model', '', 'queued', NULL,
        model, charged.day,
        -- Nobody looks after a reply before its turn.
        CASE WHEN target.active_reply_id IS NULL THEN now() + $15 * interval '1 millisecond' ELSE 'infinity' END,
        traceparent, coalesce(target.thinking, room_thinking), '[]')
    ) AS message
  ), touched AS (
    UPDATE chatrooms AS c
    SET head_id = reply_id, active_reply_id = coalesce(c.active_reply_id, reply_id),
      last_position = c.last_position + 2, last_message_at = now(), activity_at = now(), updated_at = now(),
      archived_at = NULL
    FROM target JOIN charged USING (user_id) WHERE c.user_id = target.user_id AND c.id = target.chatroom_id
  )
  SELECT input.prompt_id AS "promptId",
    CASE WHEN target.prompt_id IS NOT NULL THEN 'all'
      WHEN placed.prompt_id IS NOT NULL THEN CASE WHEN placed.files IS NULL THEN 'files' ELSE 'place' END
      WHEN free.prompt_id IS NOT NULL THEN 'free' WHEN room.prompt_id IS NOT NULL THEN 'room' END AS found,
    room.model, charged.user_id IS NOT NULL AS "isWritten", now()::timestamptz(3) AS at,
    target.parent_id AS "parentId", target.last_position AS "lastPosition", target.files AS attachments,
    target.active_reply_id IS NULL AS "startsNow",
    CASE WHEN charged.user_id IS NOT NULL THEN ${IN_FLIGHT_SQL("input.user_id")} + 1 END AS "inFlight",
    CASE WHEN charged.user_id IS NULL OR target.active_reply_id IS NULL THEN 0 ELSE ${queuePositionSql(REPLY)} END
      AS "queuePosition",
    charged.user_id IS NOT NULL AND ${hasVersionsSql("target")} AS "hasVersions",
    target.tier, target.daily_limit AS "dailyLimit",
    CASE WHEN charged.user_id IS NULL THEN ${RESETS_AT_SQL} END AS "resetsAt",
    CASE WHEN charged.user_id IS NULL THEN app_now()::timestamptz(3) END AS now
  FROM input LEFT JOIN room USING (prompt_id) LEFT JOIN free USING (prompt_id) LEFT JOIN placed USING (prompt_id)
    LEFT JOIN target USING (prompt_id)
    -- A batch has one prompt of a user (keyOf in prompt-batches.ts), so this is its own.
    LEFT JOIN charged ON charged.user_id = input.user_id`

/**
 * Returns whether a prompt may have siblings: it has, or the room moved on while the statement waited for it, which sees
 * the database as it was before.
 */
function hasVersionsSql(target: string): string {
  // EXISTS may be planned as a hash of all messages that begin a branch anywhere, which is read at every prompt.
  const exists = (family: string) => `(SELECT true FROM messages AS s WHERE ${family} LIMIT 1) IS TRUE`
  return `(${target}.last_position IS DISTINCT FROM (
      SELECT c.last_position FROM chatrooms AS c WHERE c.user_id = ${target}.user_id AND c.id = ${target}.chatroom_id
    ) OR CASE WHEN ${target}.parent_id IS NULL
      THEN ${exists(`coalesce(s.parent_id, s.chatroom_id) = ${target}.chatroom_id AND s.parent_id IS NULL`)}
      ELSE ${exists(`s.parent_id = ${target}.parent_id`)} END)`
}

const SEND = sendSql("")
const SEND_UNLESS_LOCKED = sendSql("SKIP LOCKED")
