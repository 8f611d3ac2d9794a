import type pg from "pg"
import { z } from "zod"
import { inTransaction } from "../../config/database.ts"
import { InvalidRequest, NotFound, QuotaExceeded } from "../../utils/errors.ts"
import { newId } from "../../utils/ids.ts"
import type { Context } from "../context.ts"
import { QUEUE_NAME, UNDER_WAY_SQL } from "../generation/queue.ts"
import { SWEEP_AFTER_MS } from "../generation/sweep.ts"
import { RESETS_AT_SQL, TODAY_SQL } from "../usage/quota.ts"
import { IS_PRO_SQL, TIER_SQL } from "../users/tier.ts"
import { forgetChatrooms } from "./chatroom-cache.ts"
import { type IdempotencyKey, onceForKey } from "./idempotency.ts"
import { MessageRecord } from "./message-record.ts"
import { announceRoom } from "./room-notices.ts"

export interface SendMessage {
  userId: string
  chatroomId: string
  content: string
  /** The message that this one follows: undefined the branch shown now, null none (a new beginning). */
  parentId?: string | null
  key: IdempotencyKey | null
  requestId: string
}

/** A prompt and the reply that it waits for. */
const Exchange = z.object({ prompt: MessageRecord, reply: MessageRecord })
export type Exchange = z.infer<typeof Exchange>

/**
 * Takes a prompt: the quota unit, the prompt, its pending reply and the idempotency key are written together or not
 * at all. Once that is committed the reply will be made, whatever happens to this process or the queue.
 * @throws {NotFound | InvalidRequest | QuotaExceeded | IdempotencyConflict}
 */
export async function sendMessage(
  ctx: Context,
  send: SendMessage,
): Promise<Exchange & { replayed: boolean }> {
  const { key } = send
  if (key === null) {
    const write = () => writeExchange(ctx, ctx.db.pool, send)
    return { ...(await announce(ctx, send, await ctx.tracing.span(WRITE, {}, write))), replayed: false }
  }
  const taken = await ctx.tracing.span(WRITE, {}, () => writeOnce(ctx, send, key))
  if (!taken.replayed) await announce(ctx, send, taken)
  return { prompt: taken.prompt, reply: taken.reply, replayed: taken.replayed }
}

const WRITE = "write prompt"

type Once = Written & { replayed: boolean }

function writeOnce(ctx: Context, send: SendMessage, key: IdempotencyKey): Promise<Once> {
  return inTransaction(ctx.db.pool, async (client) => {
    const once = await onceForKey(client, send.userId, key, () => writeExchange(ctx, client, send))
    return once.replayed
      ? { ...Exchange.parse(once.result), startsNow: false, underWay: 0, replayed: true }
      : { ...once.result, replayed: false }
  })
}

interface Written extends Exchange {
  /** No earlier reply of the room is unfinished. */
  startsNow: boolean
  /** How many of the user's replies are enqueued, this one included. */
  underWay: number
}

/** After the commit: hints only, so neither may fail the request. */
async function announce(
  ctx: Context,
  { userId, requestId }: SendMessage,
  { prompt, reply, startsNow, underWay }: Written,
): Promise<Exchange> {
  const { chatroomId } = prompt
  ctx.events.messageSent({ userId, chatroomId, messageId: prompt.id, replyId: reply.id, requestId })
  if (startsNow) {
    const publish = () => ctx.queue.enqueue(reply.id, { underWay })
    ctx.background.run("enqueue a reply", () => ctx.tracing.span(`send ${QUEUE_NAME}`, PRODUCER, publish))
  }
  announceRoom(ctx, chatroomId)
  await forgetChatrooms(ctx, userId)
  return { prompt, reply }
}

const PRODUCER = {
  kind: "producer" as const,
  attributes: { "messaging.system": "bullmq", "messaging.destination.name": QUEUE_NAME },
}

interface Outcome {
  room_found: boolean
  parent_found: boolean
  tier: string
  daily_limit: number | null
  charged: boolean
  parent_id: string | null
  position: number
  starts_now: boolean
  under_way: number
  model: string
  now: Date
  resets_at: Date
}

async function writeExchange(ctx: Context, db: pg.Pool | pg.ClientBase, send: SendMessage): Promise<Written> {
  const { plans, gemini } = ctx.config
  const promptId = newId()
  const replyId = newId()
  const { rows } = await (db as pg.Pool).query<Outcome>({
    name: "send-message",
    text: SEND,
    values: [
      send.chatroomId,
      send.userId,
      send.parentId === undefined,
      send.parentId ?? null,
      promptId,
      replyId,
      send.content,
      plans.basicDailyPrompts,
      plans.proDailyPrompts,
      gemini.model,
      SWEEP_AFTER_MS,
      send.requestId,
      ctx.tracing.current(),
    ],
  })
  const outcome = rows[0] as Outcome
  if (!outcome.room_found) throw new NotFound("chatroom")
  if (!outcome.parent_found)
    throw new InvalidRequest([{ path: "body.parentId", message: "must be a reply in this chatroom" }])
  if (!outcome.charged) {
    ctx.events.quotaRefused({ userId: send.userId, tier: outcome.tier, requestId: send.requestId })
    throw new QuotaExceeded({
      limit: outcome.daily_limit ?? 0,
      resetsAt: outcome.resets_at,
      now: outcome.now,
    })
  }
  return {
    ...toExchange(send, outcome, promptId, replyId),
    startsNow: outcome.starts_now,
    underWay: outcome.under_way,
  }
}

/** The rows that `SEND` has written, put together here: reading them back would cost more than it says. */
function toExchange(
  { chatroomId, content }: SendMessage,
  written: Outcome,
  promptId: string,
  replyId: string,
): Exchange {
  const common = {
    chatroomId,
    attachments: [],
    errorCode: null,
    finishReason: null,
    promptTokens: null,
    outputTokens: null,
    thoughtTokens: null,
    totalTokens: null,
    attempt: 0,
    createdAt: written.now,
  }
  const { parent_id: parentId, position, model, now } = written
  return {
    prompt: {
      ...common,
      id: promptId,
      parentId,
      position,
      role: "user",
      content,
      status: "completed",
      model: null,
      completedAt: now,
    },
    reply: {
      ...common,
      id: replyId,
      parentId: promptId,
      position: position + 1,
      role: "model",
      content: "",
      status: "queued",
      model,
      completedAt: null,
    },
  }
}

/**
 * One statement, so one round trip and one transaction. The room's row lock puts the sends of a room in order; the
 * counter's guarded upsert decides between sends that want the last unit. Where room, parent or quota is missing,
 * the later parts find no row to start from and write nothing. What is read under the lock is read from the locked
 * row itself, because the rest of the statement sees the database as it was before it waited.
 */
const SEND = `
  WITH room AS (
    SELECT c.id, c.head_id, c.active_reply_id, c.last_position, coalesce(c.model, $10) AS model,
      ${TIER_SQL("u.pro_until")} AS tier,
      CASE WHEN ${IS_PRO_SQL("u.pro_until")} THEN $9::int ELSE $8::int END AS daily_limit
    FROM chatrooms AS c JOIN users AS u ON u.id = c.user_id
    WHERE c.id = $1 AND c.user_id = $2 AND u.suspended_at IS NULL
    FOR UPDATE OF c
  ), place AS (
    SELECT room.*, CASE WHEN $3::boolean THEN room.head_id ELSE $4::uuid END AS parent_id
    FROM room
    WHERE $3::boolean OR $4::uuid IS NULL
      OR EXISTS (SELECT 1 FROM messages WHERE id = $4::uuid AND chatroom_id = $1 AND role = 'model')
  ), charged AS (
    INSERT INTO usage_counters AS counter (user_id, day, used)
    SELECT $2, ${TODAY_SQL}, 1 FROM place WHERE daily_limit IS NULL OR daily_limit > 0
    ON CONFLICT (user_id, day) DO UPDATE SET used = counter.used + 1
      WHERE (SELECT daily_limit FROM place) IS NULL OR counter.used < (SELECT daily_limit FROM place)
    RETURNING counter.day
  ), prompt AS (
    INSERT INTO messages (id, chatroom_id, parent_id, position, role, content, status, completed_at, request_id)
    SELECT $5, $1, parent_id, last_position + 1, 'user', $7, 'completed', now(), $12 FROM place, charged
  ), reply AS (
    INSERT INTO messages (id, chatroom_id, parent_id, position, role, content, status, model, charged_on, lease_until, request_id, traceparent)
    SELECT $6, $1, $5, last_position + 2, 'model', '', 'queued', model, charged.day,
      now() + $11 * interval '1 millisecond', $12, $13
    FROM place, charged
  ), touched AS (
    UPDATE chatrooms AS c
    SET head_id = $6, active_reply_id = coalesce(c.active_reply_id, $6), last_position = c.last_position + 2,
      last_message_at = now(), activity_at = now(), updated_at = now()
    FROM charged WHERE c.id = $1
  )
  SELECT EXISTS (SELECT 1 FROM room) AS room_found, place.id IS NOT NULL AS parent_found, place.tier, place.daily_limit,
    EXISTS (SELECT 1 FROM charged) AS charged, place.parent_id, place.last_position + 1 AS position,
    place.active_reply_id IS NULL AS starts_now, ${UNDER_WAY_SQL("$2")} + 1 AS under_way, place.model,
    now()::timestamptz(3) AS now, ${RESETS_AT_SQL} AS resets_at
  FROM (SELECT 1) AS one LEFT JOIN place ON true`
