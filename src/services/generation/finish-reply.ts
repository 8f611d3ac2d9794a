import type pg from "pg"
import { inTransaction } from "../../config/database.ts"
import { forgetChatrooms } from "../chat/chatroom-cache.ts"
import { announceRoom } from "../chat/room-notices.ts"
import type { Context } from "../context.ts"
import { giveBackPrompt } from "../usage/quota.ts"
import type { Claim } from "./claim-reply.ts"
import type { FailureCode } from "./failures.ts"
import type { TokenUsage } from "./gemini.ts"
import { UNDER_WAY_SQL } from "./queue.ts"
import { SWEEP_AFTER_MS } from "./sweep.ts"

/** How an attempt ended for good. */
export interface Ending {
  status: "completed" | "failed" | "cancelled"
  content: string
  errorCode: FailureCode | null
  finishReason: string | null
  usage: TokenUsage | null
  model: string | null
}

/** A reply and whose it is. */
interface ReplyOfRoom {
  id: string
  chatroomId: string
  userId: string
}

/**
 * Ends a reply, once: text, usage and status, the quota unit back where it failed, and the room's next reply made
 * the active one, all or nothing. Then tells the listeners and enqueues the next.
 * @param release called when the room is held and nothing is left to wait for: until then the claim must be renewed
 * @returns false when the attempt is stale: nothing was written
 */
export async function finishReply(
  ctx: Context,
  claim: Claim,
  { ending, release }: { ending: Ending; release: () => void },
): Promise<boolean> {
  return endInRoom(ctx, claim, async (client) => {
    release()
    if (!(await writeEnding(client, claim, ending))) return false
    if (ending.status === "failed") await giveBackPrompt(client, claim.userId, claim.id)
    return true
  })
}

/**
 * Ends a reply as cancelled whoever holds it, with the text that its row has. Its worker, if there is one, finds its
 * claim lost. A used prompt stays used.
 * @returns false when it had ended before
 */
export async function endAsCancelled(ctx: Context, reply: ReplyOfRoom): Promise<boolean> {
  return endInRoom(ctx, reply, async (client) => {
    const { rowCount } = await client.query({ name: "end-as-cancelled", text: CANCEL, values: [reply.id] })
    return rowCount === 1
  })
}

const CANCEL = `
  UPDATE messages SET status = 'cancelled', completed_at = now(), lease_until = NULL, not_before = NULL
  WHERE id = $1 AND status IN ('queued', 'running')`

async function endInRoom(
  ctx: Context,
  { id, chatroomId, userId }: ReplyOfRoom,
  write: (client: pg.PoolClient) => Promise<boolean>,
): Promise<boolean> {
  const finished = await inTransaction(ctx.db.pool, async (client) => {
    // The room first, as when a message is sent: the same order everywhere, and nobody can queue behind our back.
    await client.query({ name: "lock-room", text: LOCK_ROOM, values: [chatroomId] })
    return (await write(client)) ? { next: await advanceRoom(client, chatroomId) } : null
  })
  if (!finished) return false
  ctx.replyLog.announce(id, { final: true })
  announceRoom(ctx, chatroomId)
  void forgetChatrooms(ctx, userId)
  const { next } = finished
  if (next) ctx.background.run("enqueue the room's next reply", () => ctx.queue.enqueue(next.id, next))
  return true
}

const LOCK_ROOM = "SELECT 1 FROM chatrooms WHERE id = $1 FOR UPDATE"

async function writeEnding(client: pg.PoolClient, claim: Claim, ending: Ending): Promise<boolean> {
  const { usage } = ending
  const { rowCount } = await client.query({
    name: "finish-reply",
    text: FINISH,
    values: [
      claim.id,
      claim.attempt,
      ending.status,
      ending.content,
      ending.errorCode,
      ending.finishReason,
      ending.model,
      usage?.promptTokens ?? null,
      usage?.outputTokens ?? null,
      usage?.thoughtTokens ?? null,
      usage?.totalTokens ?? null,
    ],
  })
  return rowCount === 1
}

const FINISH = `
  UPDATE messages
  SET status = $3, content = $4, error_code = $5, finish_reason = $6, model = coalesce($7, model),
      prompt_tokens = $8, output_tokens = $9, thought_tokens = $10, total_tokens = $11,
      completed_at = now(), lease_until = NULL, not_before = NULL
  WHERE id = $1 AND attempt = $2 AND status = 'running'`

/** Makes the room's first unfinished reply the active one. @returns it, when it is now to be enqueued */
async function advanceRoom(
  client: pg.PoolClient,
  chatroomId: string,
): Promise<{ id: string; underWay: number } | null> {
  const { rows } = await client.query<{ id: string | null; under_way: number }>({
    name: "advance-room",
    text: ADVANCE_ROOM,
    values: [chatroomId, SWEEP_AFTER_MS],
  })
  const next = rows[0]
  return next?.id ? { id: next.id, underWay: next.under_way } : null
}

/**
 * The next reply's lease starts now: while it waited for its turn nobody was to look after it. One that runs already
 * (another of the room was cancelled) keeps its own.
 */
const ADVANCE_ROOM = `
  WITH first AS (
    SELECT id, status FROM messages
    WHERE chatroom_id = $1 AND status IN ('queued', 'running') ORDER BY position LIMIT 1
  ), started AS (
    UPDATE messages AS m SET lease_until = now() + $2 * interval '1 millisecond'
    FROM first WHERE m.id = first.id AND first.status = 'queued'
    RETURNING m.id
  ), room AS (
    UPDATE chatrooms SET active_reply_id = (SELECT id FROM first), updated_at = now()
    WHERE id = $1
    RETURNING user_id
  )
  SELECT (SELECT id FROM started) AS id, ${UNDER_WAY_SQL("(SELECT user_id FROM room)")} AS under_way`

/**
 * Hands a reply back to the queue for another attempt, not before `delayMs` from now.
 * @returns false when the attempt is stale: nothing was written
 */
export async function requeueReply(
  ctx: Context,
  claim: Claim,
  { delayMs, failed }: { delayMs: number; failed: boolean },
): Promise<boolean> {
  const { rowCount } = await ctx.db.pool.query({
    name: "requeue-reply",
    text: REQUEUE,
    values: [claim.id, claim.attempt, failed ? 1 : 0, delayMs, SWEEP_AFTER_MS],
  })
  return rowCount === 1
}

const REQUEUE = `
  UPDATE messages
  SET status = 'queued', failures = failures + $3,
      not_before = now() + $4 * interval '1 millisecond',
      lease_until = now() + ($4::int + $5::int) * interval '1 millisecond'
  WHERE id = $1 AND attempt = $2 AND status = 'running'`
