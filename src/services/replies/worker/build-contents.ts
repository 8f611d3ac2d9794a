import type { Context } from "../../context.ts"
import type { Content } from "../provider/gemini.ts"
import { LeaseLost } from "./attempt-buffer.ts"
import type { Attempt } from "./claim-reply.ts"

/**
 * Builds the `contents` for a reply: the prompt alone (`single`), or as many of the newest turns of its branch as fit
 * into the token budget. Turns without text and failed replies are left out.
 * @throws {LeaseLost} when the prompt is gone
 */
export async function buildContents(ctx: Context, attempt: Attempt): Promise<Content[]> {
  const budget = attempt.contextMode === "single" ? 0 : ctx.config.gemini.contextTokens
  const { rows } = await ctx.db.execute<{ role: "user" | "model"; content: string }>(
    "build-contents",
    BRANCH,
    [attempt.userId, attempt.promptId, budget],
  )
  // The room was deleted after the claim.
  if (rows.length === 0) throw new LeaseLost()
  const firstPrompt = rows.findIndex((turn) => turn.role === "user")
  return rows.slice(firstPrompt).map(({ role, content }) => ({ role, parts: [{ text: content }] }))
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
  SELECT role, content FROM branch
  WHERE content <> '' AND (status IN ('completed', 'cancelled') OR error_code = 'truncated')
  ORDER BY depth DESC`
