import type pg from "pg"
import type { ThinkingLevel } from "../../../models/chatroom.ts"
import { type AppError, NotFound, QuotaExceeded } from "../../../utils/errors.ts"
import { readMessage } from "../../chat/list-messages.ts"
import type { MessageRecord } from "../../chat/message-record.ts"
import { chargeSql, RESETS_AT_SQL } from "../../usage/quota.ts"
import type { Settings } from "./insert-prompt-and-reply.ts"
import type { LockedRoom } from "./locked-room.ts"
import { IN_FLIGHT_SQL } from "./reply-queue.ts"

/** Another reply to a prompt that has been there before. */
export interface NewReply {
  id: string
  promptId: string
  /** The reply whose text it goes on from, with its sources; null: it begins anew. */
  prefixOf: Pick<MessageRecord, "content" | "citations" | "searchQueries"> | null
  /** Instead of the room's. */
  thinking: ThinkingLevel | null
  requestId: string
  traceparent: string | null
}

/** A reply that was written, and what it takes to enqueue it. */
export interface WrittenReply {
  reply: MessageRecord
  /** No earlier reply of the room is unfinished. */
  startsNow: boolean
  /** How many of the user's replies are enqueued, this one included. */
  inFlight: number
}

/**
 * Charges a unit, writes the reply behind everything in its locked room and makes it the head.
 * @throws {QuotaExceeded | NotFound} and writes nothing
 */
export async function insertReply(
  client: pg.ClientBase,
  { timing }: Pick<Settings, "timing">,
  room: LockedRoom,
  { id, promptId, prefixOf, thinking, requestId, traceparent }: NewReply,
): Promise<WrittenReply> {
  const { rows } = await client.query<{ inFlight: number }>({
    name: "insert-reply",
    text: INSERT,
    values: [
      room.userId,
      room.id,
      id,
      promptId,
      prefixOf?.content ?? "",
      room.model,
      thinking ?? room.thinking,
      requestId,
      traceparent,
      room.dailyLimit,
      timing.replies.sweepAfterMs,
      JSON.stringify(prefixOf?.citations ?? []),
      JSON.stringify(prefixOf?.searchQueries ?? []),
    ],
  })
  if (!rows[0]) throw await refusal(client, room)
  const reply = (await readMessage(client, { userId: room.userId, id })) as MessageRecord
  return { reply, startsNow: room.activeReplyId === null, inFlight: rows[0].inFlight }
}

const INSERT = `
  WITH target AS (
    SELECT c.user_id, c.id AS chatroom_id, c.active_reply_id, c.last_position + 1 AS position, $10::int AS daily_limit
    FROM chatrooms AS c WHERE c.user_id = $1 AND c.id = $2
  ), charged AS (
    ${chargeSql("target")}
  ), written AS (
    INSERT INTO messages (user_id, chatroom_id, id, parent_id, position, role, content, prefix, status, model,
      charged_on, lease_until, thinking, request_id, traceparent, citations, search_queries)
    SELECT user_id, chatroom_id, $3, $4, position, 'model', $5, $5, 'queued', $6, charged.day,
      -- Nobody looks after a reply before its turn.
      CASE WHEN active_reply_id IS NULL THEN now() + $11 * interval '1 millisecond' ELSE 'infinity' END, $7, $8, $9, $12, $13
    FROM target JOIN charged USING (user_id)
    RETURNING user_id
  ), touched AS (
    UPDATE chatrooms AS c
    SET head_id = $3, active_reply_id = coalesce(c.active_reply_id, $3), last_position = target.position,
      last_message_at = now(), activity_at = now(), updated_at = now(), archived_at = NULL
    FROM target JOIN charged USING (user_id) WHERE c.user_id = target.user_id AND c.id = target.chatroom_id
  )
  SELECT ${IN_FLIGHT_SQL("$1")} + 1 AS "inFlight" FROM written`

/** Why nothing could be charged. Without a limit only the counter of an account that was just deleted refuses. */
async function refusal(client: pg.ClientBase, { tier, dailyLimit: limit }: LockedRoom): Promise<AppError> {
  if (limit === null) return new NotFound("chatroom")
  const { rows } = await client.query<{ resetsAt: Date; now: Date }>(
    `SELECT ${RESETS_AT_SQL} AS "resetsAt", app_now()::timestamptz(3) AS now`,
  )
  const [{ resetsAt, now }] = rows as [{ resetsAt: Date; now: Date }]
  return new QuotaExceeded({ tier, limit, resetsAt, now })
}
