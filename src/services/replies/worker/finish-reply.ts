import type pg from "pg"
import { inOneTrip } from "../../../config/database.ts"
import type { Tool } from "../../../models/chatroom.ts"
import type { Context } from "../../context.ts"
import { type ModelUse, toPrompt } from "../../usage/model-use.ts"
import { failedByPrompt, giveBackPrompt, giveBackTools } from "../../usage/quota.ts"
import { addCallsSql, addCostSql, costValues } from "../../usage/reply-cost.ts"
import {
  advancedSql,
  advanceSql,
  announceEnd,
  endInRoom,
  lockRoomFirst,
  toNext,
} from "../accept/end-reply.ts"
import type { Citation } from "../provider/citations.ts"
import type { FailureCode } from "../provider/failures.ts"
import type { TokenUsage } from "../provider/gemini.ts"
import type { NoticeCode } from "../provider/notices.ts"
import { addTitleSql, addTitleTask } from "../room-tasks/room-task.ts"
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
  /** What the attempt's calls used. */
  uses: readonly ModelUse[]
  searchQueries: string[]
  notices: NoticeCode[]
  /** The tools whose units the reply keeps; null where it holds none. */
  usedTools: readonly Tool[] | null
}

/**
 * Ends a reply, once: text, usage and status, the quota unit back where it failed, and the room's next reply made
 * the active one, all or nothing. Then tells the listeners and enqueues the next.
 * @param release called when nothing is left to wait for: until then the lease must be renewed
 * @returns false when the attempt is stale: nothing was written
 */
export async function finishReply(
  ctx: Context,
  attempt: Attempt,
  { ending, release }: { ending: Ending; release: () => void },
): Promise<boolean> {
  const unit = { userId: attempt.userId, replyId: attempt.id }
  const { usedTools } = ending
  const isGiven = isGivenBack(attempt, ending)
  if (!isGiven && !usedTools) return finishInOneTrip(ctx, attempt, { ending, release })
  return endInRoom(ctx, attempt, async (client) => {
    release()
    const { rowCount } = await client.query(endingOf(ctx, attempt, ending))
    if (rowCount === 0) return false
    if (isGiven)
      await giveBackPrompt(client, ctx.config.plans, { ...unit, byPrompt: failedByPrompt(ending.errorCode) })
    if (usedTools) await giveBackTools(client, { ...unit, used: usedTools })
    if (needsTitle(ctx, attempt, ending)) await addTitleTask(client, attempt)
    return true
  })
}

/** Most replies give nothing back, and what their end writes is known before. */
async function finishInOneTrip(
  ctx: Context,
  attempt: Attempt,
  { ending, release }: { ending: Ending; release: () => void },
): Promise<boolean> {
  const { userId, chatroomId } = attempt
  const { values = [] } = endingOf(ctx, attempt, ending)
  const all = [...values, chatroomId, ctx.timing.replies.sweepAfterMs, needsTitle(ctx, attempt, ending)]
  const [, finished] = await inOneTrip(
    ctx.db.pool,
    [
      lockRoomFirst({ userId, id: chatroomId }),
      { name: "finish-and-advance", text: FINISH_AND_ADVANCE, values: all },
    ],
    { isAtomic: true },
  )
  release()
  if (finished?.rowCount !== 1) return false
  announceEnd(ctx, attempt, toNext(finished.rows[0]))
  return true
}

function needsTitle({ config }: Context, { lacksTitle }: Attempt, { status }: Ending): boolean {
  return status === "completed" && lacksTitle && config.gemini.titles
}

/** Failed replies, and those that were cancelled before their first attempt, which called nothing. */
function isGivenBack({ number, cancelRequested }: Attempt, { status }: Ending): boolean {
  return status === "failed" || (status === "cancelled" && cancelRequested && number === 1)
}

function endingOf(ctx: Context, attempt: Attempt, ending: Ending): pg.QueryConfig {
  const { usage } = ending
  return {
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
      ...costValues(ctx.config.gemini.prices, [...ending.uses, toPrompt(lastModel(attempt, ending))]),
    ],
  }
}

/** The model of the last call that used anything; without one, the model that was to reply. */
const lastModel = ({ model }: Attempt, { uses }: Ending) => uses.at(-1)?.model ?? model

const UPDATE = `
  UPDATE messages
  SET status = $4, content = $5, error_code = $6, finish_reason = $7, model = coalesce($8, model),
      prompt_tokens = $9, output_tokens = $10, thought_tokens = $11, total_tokens = $12,
      cached_tokens = $13, citations = $14, error_message = $15, thoughts = $16, search_queries = $17,
      tool_tokens = $18, notices = $19,
      completed_at = now(), lease_until = NULL, not_before = NULL, ${addCostSql(20)}
  WHERE user_id = $1 AND id = $2 AND attempt = $3 AND status = 'running'`

const FINISH = addCallsSql(UPDATE, 20)

const FINISH_AND_ADVANCE = addCallsSql(UPDATE, 20, {
  parts: `, titled AS (
    ${addTitleSql("updated", { chatroomId: "$24", isWanted: "$26" })}
  ), ${advanceSql({ userId: "$1", id: "$24" }, "$25", "updated")}`,
  select: advancedSql("$1"),
})

/**
 * Hands a reply back to the queue for another attempt, not before `delayMs` from now.
 * @param failures what this attempt adds to those of the reply: calls to the provider, or one without a call
 * @returns false when the attempt is stale: nothing was written
 */
export async function requeueReply(
  ctx: Context,
  attempt: Attempt,
  { delayMs, failures, uses }: { delayMs: number; failures: number; uses: readonly ModelUse[] },
): Promise<boolean> {
  const { rowCount } = await ctx.db.execute("requeue-reply", REQUEUE, [
    attempt.userId,
    attempt.id,
    attempt.number,
    failures,
    delayMs,
    ctx.timing.replies.sweepAfterMs,
    ...costValues(ctx.config.gemini.prices, uses),
  ])
  return rowCount === 1
}

const REQUEUE = addCallsSql(
  `
  UPDATE messages
  SET status = 'queued', failures = failures + $4,
      not_before = now() + $5 * interval '1 millisecond',
      lease_until = now() + ($5::int + $6::int) * interval '1 millisecond', ${addCostSql(7)}
  WHERE user_id = $1 AND id = $2 AND attempt = $3 AND status = 'running'`,
  7,
)

/**
 * Counts the failures of an attempt whose end can't be written, and what its calls cost, so that its next one doesn't
 * begin from none: the least that can be written, and alone.
 */
export async function countFailures(
  ctx: Context,
  attempt: Attempt,
  { failures, uses }: { failures: number; uses: readonly ModelUse[] },
): Promise<void> {
  const cost = costValues(ctx.config.gemini.prices, uses)
  const values = [attempt.userId, attempt.id, attempt.number, failures, ...cost]
  await ctx.db.execute("count-failures", COUNT, values)
}

const COUNT = addCallsSql(
  `
  UPDATE messages SET failures = failures + $4, ${addCostSql(5)}
  WHERE user_id = $1 AND id = $2 AND attempt = $3 AND status = 'running'`,
  5,
)
