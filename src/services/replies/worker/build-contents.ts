import type { Context } from "../../context.ts"
import type { Content } from "../provider/gemini.ts"
import { LeaseLost } from "./attempt-buffer.ts"
import type { Claim } from "./claim-reply.ts"

/**
 * What Gemini is sent for a reply: the prompt alone (`single`), or the branch that leads to it, the newest turns
 * first, as many as fit into the token budget. Turns without text and replies that failed are left out.
 */
export async function buildContents(ctx: Context, claim: Claim): Promise<Content[]> {
  const budget = claim.contextMode === "single" ? 0 : ctx.config.gemini.contextTokens
  const { rows } = await ctx.db.pool.query<{ role: "user" | "model"; content: string }>({
    name: "build-contents",
    text: BRANCH,
    values: [claim.userId, claim.promptId, budget],
  })
  // The prompt is gone: its room was deleted after the claim.
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
