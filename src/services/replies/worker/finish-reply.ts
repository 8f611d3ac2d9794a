import type pg from "pg"
import type { Tool } from "../../../models/chatroom.ts"
import type { Context } from "../../context.ts"
import { failedByPrompt, giveBackPrompt, giveBackTools } from "../../usage/quota.ts"
import { endInRoom } from "../accept/end-reply.ts"
import type { Citation } from "../provider/citations.ts"
import type { FailureCode } from "../provider/failures.ts"
import type { TokenUsage } from "../provider/gemini.ts"
import type { NoticeCode } from "../provider/notices.ts"
import { addTitleTask } from "../room-tasks/room-task.ts"
import type { Attempt } from "./claim-reply.ts"

/** How an attempt ended for good. */
export interface Ending {
  status: "completed" | "failed" | "cancelled"
  content: string
  thoughts: string
  errorCode: FailureCode | null
  /** The message for the user, where it isn't the code's. */
  errorMessage: string | null
  finishReason: string | null
  usage: TokenUsage | null
  model: string | null
  citations: Citation[]
  searchQueries: string[]
  notices: NoticeCode[]
  /** The tools whose units the reply keeps; null where it holds none. */
  usedTools: readonly Tool[] | null
}

/**
 * Ends a reply, once: text, usage and status, the quota unit back where it failed, and the room's next reply made
 * the active one, all or nothing. Then tells the listeners and enqueues the next.
 * @param release called once the room is locked and nothing is left to wait for: until then the lease must be renewed
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
    if (isGivenBack(attempt, ending)) {
      const unit = { userId: attempt.userId, replyId: attempt.id, byPrompt: failedByPrompt(ending.errorCode) }
      await giveBackPrompt(client, ctx.config.plans, unit)
    }
    if (ending.usedTools) {
      const unit = { userId: attempt.userId, replyId: attempt.id, used: ending.usedTools }
      await giveBackTools(client, unit)
    }
    if (ending.status === "completed" && attempt.lacksTitle && ctx.config.gemini.titles)
      await addTitleTask(client, attempt)
    return true
  })
}

/** Failed replies, and those that were cancelled before their first attempt, which called nothing. */
function isGivenBack({ number, cancelRequested }: Attempt, { status }: Ending): boolean {
  return status === "failed" || (status === "cancelled" && cancelRequested && number === 1)
}

async function writeEnding(client: pg.PoolClient, attempt: Attempt, ending: Ending): Promise<boolean> {
  const { usage } = ending
  const { rowCount } = await client.query({
    name: "finish-reply",
    text: FINISH,
    values: [
      attempt.userId,
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
      usage?.cachedTokens ?? null,
      JSON.stringify(ending.citations),
      ending.errorMessage,
      ending.thoughts,
      JSON.stringify(ending.searchQueries),
      usage?.toolTokens ?? null,
      JSON.stringify(ending.notices),
    ],
  })
  return rowCount === 1
}

const FINISH = `
  UPDATE messages
  SET status = $4, content = $5, error_code = $6, finish_reason = $7, model = coalesce($8, model),
      prompt_tokens = $9, output_tokens = $10, thought_tokens = $11, total_tokens = $12,
      cached_tokens = $13, citations = $14, error_message = $15, thoughts = $16, search_queries = $17,
      tool_tokens = $18, notices = $19,
      completed_at = now(), lease_until = NULL, not_before = NULL
  WHERE user_id = $1 AND id = $2 AND attempt = $3 AND status = 'running'`

/**
 * Hands a reply back to the queue for another attempt, not before `delayMs` from now.
 * @param failures what this attempt adds to those of the reply: calls to the provider, or one without a call
 * @returns false when the attempt is stale: nothing was written
 */
export async function requeueReply(
  ctx: Context,
  attempt: Attempt,
  { delayMs, failures }: { delayMs: number; failures: number },
): Promise<boolean> {
  const { rowCount } = await ctx.db.execute("requeue-reply", REQUEUE, [
    attempt.userId,
    attempt.id,
    attempt.number,
    failures,
    delayMs,
    ctx.timing.replies.sweepAfterMs,
  ])
  return rowCount === 1
}

const REQUEUE = `
  UPDATE messages
  SET status = 'queued', failures = failures + $4,
      not_before = now() + $5 * interval '1 millisecond',
      lease_until = now() + ($5::int + $6::int) * interval '1 millisecond'
  WHERE user_id = $1 AND id = $2 AND attempt = $3 AND status = 'running'`

/**
 * Counts the failures of an attempt whose end can't be written, so that its next one doesn't begin from none: the least
 * that can be written, and alone.
 */
export async function countFailures(ctx: Context, attempt: Attempt, failures: number): Promise<void> {
  const values = [attempt.userId, attempt.id, attempt.number, failures]
  await ctx.db.execute("count-failures", COUNT, values)
}

const COUNT = `
  UPDATE messages SET failures = failures + $4
  WHERE user_id = $1 AND id = $2 AND attempt = $3 AND status = 'running'`
