import type pg from "pg"
import { inTransaction } from "../../config/database.ts"
import { forgetChatrooms } from "../chat/chatroom-cache.ts"
import type { Context } from "../context.ts"
import { giveBackPrompt } from "../usage/quota.ts"
import type { Claim } from "./claim-reply.ts"
import type { FailureCode } from "./failures.ts"
import type { TokenUsage } from "./gemini.ts"
import { SWEEP_AFTER_MS } from "./sweep.ts"

/** How an attempt ended for good. */
export interface Ending {
  status: "completed" | "failed"
  content: string
  errorCode: FailureCode | null
  finishReason: string | null
  usage: TokenUsage | null
  model: string | null
}

/**
 * Ends a reply, once: text, usage and status, the quota unit back where it failed, and the room's next reply made
 * the active one, all or nothing. Then tells the listeners and enqueues the next.
 * @returns false when the attempt is stale: nothing was written
 */
export async function finishReply(ctx: Context, claim: Claim, ending: Ending): Promise<boolean> {
  const finished = await inTransaction(ctx.db.pool, async (client) => {
    // The room first, as when a message is sent: the same order everywhere, and nobody can queue behind our back.
    await client.query({ name: "lock-room", text: LOCK_ROOM, values: [claim.chatroomId] })
    const chargedOn = await writeEnding(client, claim, ending)
    if (chargedOn === undefined) return null
    if (ending.status === "failed" && chargedOn !== null) await giveBackPrompt(client, claim.userId, claim.id)
    const { rows } = await client.query<{ active_reply_id: string | null }>({
      name: "advance-room",
      text: ADVANCE_ROOM,
      values: [claim.chatroomId, SWEEP_AFTER_MS],
    })
    return { nextId: rows[0]?.active_reply_id ?? null }
  })
  if (!finished) return false
  ctx.replyLog.announce(claim.id, { final: true })
  forgetChatrooms(ctx, claim.userId)
  const { nextId } = finished
  if (nextId) ctx.background.run("enqueue the room's next reply", () => ctx.queue.enqueue(nextId))
  return true
}

const LOCK_ROOM = "SELECT 1 FROM chatrooms WHERE id = $1 FOR UPDATE"

/** @returns the day that paid for it, or undefined when the attempt is stale */
async function writeEnding(
  client: pg.PoolClient,
  claim: Claim,
  ending: Ending,
): Promise<string | null | undefined> {
  const { usage } = ending
  const { rows } = await client.query<{ charged_on: string | null }>({
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
  return rows[0]?.charged_on
}

const FINISH = `
  UPDATE messages
  SET status = $3, content = $4, error_code = $5, finish_reason = $6, model = coalesce($7, model),
      prompt_tokens = $8, output_tokens = $9, thought_tokens = $10, total_tokens = $11,
      completed_at = now(), lease_until = NULL, not_before = NULL
  WHERE id = $1 AND attempt = $2 AND status = 'running'
  RETURNING charged_on::text`

/** The next reply's lease starts now: while it waited for its turn nobody was to look after it. */
const ADVANCE_ROOM = `
  WITH next AS (
    UPDATE messages SET lease_until = now() + $2 * interval '1 millisecond'
    WHERE id = (
      SELECT id FROM messages
      WHERE chatroom_id = $1 AND status IN ('queued', 'running') ORDER BY position LIMIT 1)
    RETURNING id
  )
  UPDATE chatrooms SET active_reply_id = (SELECT id FROM next), updated_at = now()
  WHERE id = $1
  RETURNING active_reply_id`

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
