import type { MessageRecord } from "../../chat/message-record.ts"
import type { Context } from "../../context.ts"
import type { FailureCode } from "../provider/failures.ts"
import type { Content } from "../provider/gemini.ts"
import { LeaseLost } from "./attempt-buffer.ts"
import type { Attempt } from "./claim-reply.ts"

/** A message of a branch, as far as a request needs it. */
export type Turn = Pick<MessageRecord, "role" | "content" | "status" | "errorCode">

/**
 * Builds the `contents` for a reply: the prompt alone (`single`), or as many of the newest turns of its branch as fit
 * into the token budget.
 * @throws {LeaseLost} when the prompt is gone
 */
export async function buildContents(ctx: Context, attempt: Attempt): Promise<Content[]> {
  const budget = attempt.contextMode === "single" ? 0 : ctx.config.gemini.contextTokens
  const values = [attempt.userId, attempt.promptId, budget]
  const { rows } = await ctx.db.execute<Turn>("build-contents", BRANCH, values)
  // The room was deleted after the claim.
  if (rows.length === 0) throw new LeaseLost()
  return toContents(rows)
}

/**
 * Returns the `contents` of a branch that ends in the prompt to reply to: the user's and the model's turns, alternating,
 * the user's first and last. Prompts that were blocked or refused are left out, because the model would reject every
 * request that has them. So are failed replies, and turns without text; what is then the same side's is one turn.
 */
export function toContents(branch: readonly Turn[]): Content[] {
  const kept = branch.filter((turn, i) => isSendable(turn) && !isRejected(branch[i + 1]))
  const contents: Content[] = []
  for (const { role, content: text } of kept.slice(kept.findIndex(({ role }) => role === "user"))) {
    const last = contents.at(-1)
    if (last?.role === role) last.parts?.push({ text })
    else contents.push({ role, parts: [{ text }] })
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

/**
 * Three bytes a token is on the safe side: English has about four, other scripts about one character of three
 * bytes. Asking Gemini's countTokens for every prompt would double the calls. The prompt itself always goes.
 */
const BRANCH = `
  WITH RECURSIVE branch AS (
    SELECT user_id, id, parent_id, role, content, status, error_code, octet_length(content) / 3 + 1 AS tokens, 1 AS depth
    FROM messages WHERE user_id = $1 AND id = $2
    UNION ALL
    SELECT m.user_id, m.id, m.parent_id, m.role, m.content, m.status, m.error_code,
      b.tokens + octet_length(m.content) / 3 + 1, b.depth + 1
    FROM branch AS b JOIN messages AS m ON m.user_id = b.user_id AND m.id = b.parent_id
    WHERE b.tokens + octet_length(m.content) / 3 + 1 <= $3
  )
  SELECT role, content, status, error_code AS "errorCode" FROM branch ORDER BY depth DESC`
