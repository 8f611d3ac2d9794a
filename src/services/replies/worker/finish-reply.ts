import type pg from "pg"
import type { Context } from "../../context.ts"
import { giveBackPrompt } from "../../usage/quota.ts"
import { endInRoom } from "../accept/end-reply.ts"
import type { FailureCode } from "../provider/failures.ts"
import type { TokenUsage } from "../provider/gemini.ts"
import type { Attempt } from "./claim-reply.ts"

/** How an attempt ended for good. */
export interface Ending {
  status: "completed" | "failed" | "cancelled"
  content: string
  errorCode: FailureCode | null
  finishReason: string | null
  usage: TokenUsage | null
  model: string | null
}

/**
 * Ends a reply, once: text, usage and status, the quota unit back where it failed, and the room's next reply made
 * the active one, all or nothing. Then tells the listeners and enqueues the next.
 * @param release called when the room is held and nothing is left to wait for: until then the lease must be renewed
 * @returns false when the attempt is stale: nothing was written
 */
export async function finishReply(
  ctx: Context,
  attempt: Attempt,
  { ending, release }: { ending: Ending; release: () => void },
): Promise<boolean> {
  return endInRoom(ctx, attempt, async (client) => {
    release()
    if (!(await writeEnding(client, attempt, ending))) return false
    if (ending.status === "failed") await giveBackPrompt(client, attempt.userId, attempt.id)
    return true
  })
}

async function writeEnding(client: pg.PoolClient, attempt: Attempt, ending: Ending): Promise<boolean> {
  const { usage } = ending
  const { rowCount } = await client.query({
    name: "finish-reply",
    text: FINISH,
    values: [
      attempt.id,
      attempt.number,
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

/**
 * Hands a reply back to the queue for another attempt, not before `delayMs` from now.
 * @returns false when the attempt is stale: nothing was written
 */
export async function requeueReply(
  ctx: Context,
  attempt: Attempt,
  { delayMs, failed }: { delayMs: number; failed: boolean },
): Promise<boolean> {
  const { rowCount } = await ctx.db.pool.query({
    name: "requeue-reply",
    text: REQUEUE,
    values: [attempt.id, attempt.number, failed ? 1 : 0, delayMs, ctx.timing.replies.sweepAfterMs],
  })
  return rowCount === 1
}

const REQUEUE = `
  UPDATE messages
  SET status = 'queued', failures = failures + $3,
      not_before = now() + $4 * interval '1 millisecond',
      lease_until = now() + ($4::int + $5::int) * interval '1 millisecond'
  WHERE id = $1 AND attempt = $2 AND status = 'running'`
