import type { Part } from "@google/genai"
import type { MessageRecord } from "../../chat/message-record.ts"
import type { Context } from "../../context.ts"
import type { FailureCode } from "../provider/failures.ts"
import type { Content } from "../provider/gemini.ts"
import { type AttemptFiles, openAttemptFiles, type TurnWithFiles } from "./attachment-parts.ts"
import { LeaseLost } from "./attempt-buffer.ts"
import type { Attempt } from "./claim-reply.ts"

/** A message of a branch, as far as a request needs it. */
export type Turn = Pick<MessageRecord, "role" | "content" | "status" | "errorCode"> & TurnWithFiles

/**
 * Builds the `contents` for a reply: the prompt alone (`single`), or as many of the newest turns of its branch as fit
 * into the token budget.
 * @throws {LeaseLost} when the prompt is gone
 */
export async function buildContents(
  ctx: Context,
  attempt: Attempt,
  signal: AbortSignal,
): Promise<{ contents: Content[]; files: AttemptFiles }> {
  const budget = attempt.contextMode === "single" ? 0 : ctx.config.gemini.contextTokens
  const values = [attempt.userId, attempt.promptId, budget]
  const { rows } = await ctx.db.execute<Turn>("build-contents", BRANCH, values)
  // The room was deleted after the claim.
  if (rows.length === 0) throw new LeaseLost()
  const files = await openAttemptFiles(ctx, attempt, rows, signal)
  return { contents: toContents(rows, files.partsOf), files }
}

/**
 * Returns the `contents` of a branch that ends in the prompt to reply to: the user's and the model's turns, alternating,
 * the user's first and last. Prompts that were blocked or refused are left out, because the model would reject every
 * request that has them. So are failed replies, and turns without text; what is then the same side's is one turn.
 */
export function toContents(branch: readonly Turn[], filesOf: (turn: Turn) => Part[] = () => []): Content[] {
  const kept = branch.filter((turn, i) => isSendable(turn) && !isRejected(branch[i + 1]))
  const contents: Content[] = []
  for (const turn of kept.slice(kept.findIndex(({ role }) => role === "user"))) {
    const { role, content: text } = turn
    const parts = [...filesOf(turn), { text }]
    const last = contents.at(-1)
    if (last?.role === role) last.parts?.push(...parts)
    else contents.push({ role, parts })
  }
  return contents
}

function isSendable({ content, status, errorCode }: Turn): boolean {
  return content !== "" && (status === "completed" || status === "cancelled" || errorCode === "truncated")
}

const REJECTED: readonly (FailureCode | null)[] = ["blocked", "provider_refused"]

/** Whether the turn is a reply that the prompt before it was denied. */
function isRejected(turn: Turn | undefined): boolean {
  return turn?.role === "model" && REJECTED.includes(turn.errorCode as FailureCode | null)
}

/** Returns the estimate of a message's tokens, its files included. */
const tokensSql = (m: string) =>
  `octet_length(${m}.content) / 3 + 1 + CASE WHEN ${m}.attachments = '[]' THEN 0 ELSE attachment_tokens(${m}.attachments) END`

/**
 * Three bytes a token is on the safe side: English has about four, other scripts about one character of three
 * bytes. Asking Gemini's countTokens for every prompt would double the calls. The prompt itself always goes.
 */
const BRANCH = `
  WITH RECURSIVE branch AS (
    SELECT user_id, id, parent_id, role, content, status, error_code, octet_length(content) / 3 + 1 AS tokens, 1 AS depth,
      attachments
    FROM messages WHERE user_id = $1 AND id = $2
    UNION ALL
    SELECT m.user_id, m.id, m.parent_id, m.role, m.content, m.status, m.error_code,
      b.tokens + ${tokensSql("m")}, b.depth + 1, m.attachments
    FROM branch AS b JOIN messages AS m ON m.user_id = b.user_id AND m.id = b.parent_id
    WHERE b.tokens + ${tokensSql("m")} <= $3
  )
  SELECT role, content, status, error_code AS "errorCode", attachments FROM branch ORDER BY depth DESC`
