import type pg from "pg"
import type { MessageKey } from "../../chat/message-record.ts"
import { parentOf } from "../../chat/tree-steps.ts"
import type { Context } from "../../context.ts"
import { BYTES_PER_TOKEN, type WindowTurn } from "./context-window.ts"
import type { Turn } from "./turns.ts"

/** A message of the branch that a reply is made of. */
export type BranchTurn = Turn & WindowTurn

/**
 * Returns the statement that reads what a running reply may be made of: its prompt and, unless the room has replies made
 * of the prompt alone, the branch before it, oldest first. It has no rows when the prompt is gone.
 */
export function branchOf({ config }: Context, { userId, id }: MessageKey): pg.QueryConfig {
  const values = [userId, id, config.gemini.contextTokens * MOST_BYTES_PER_TOKEN, BYTES_PER_TOKEN]
  return { name: "read-branch-of-reply", text: BRANCH, values }
}

/** More than any text has, so that a window of counted tokens is read whole. */
const MOST_BYTES_PER_TOKEN = 12

/** Of a reply that goes on from a text, the counts are of one call with that and of another without: they tell no size. */
const COUNTS = (m: string) =>
  ["prompt_tokens", "output_tokens"].map(
    (count) => `CASE ${m}.prefix WHEN '' THEN ${m}.${count} END AS ${count}`,
  )

/** Up to the start of the window, however long the branch is before. The prompt itself always goes. */
const BRANCH = `
  WITH RECURSIVE reply AS (
    SELECT r.parent_id AS prompt_id, CASE c.context WHEN 'single' THEN 0 ELSE $3::int END AS budget
    FROM messages AS r JOIN chatrooms AS c ON c.user_id = $1 AND c.id = r.chatroom_id
    WHERE r.user_id = $1 AND r.id = $2 AND r.status = 'running'
  ), branch AS (
    SELECT m.user_id, m.id, m.parent_id, m.role, m.content, m.status, m.error_code, ${COUNTS("m")}, m.context_start,
      NULL::uuid AS window_start, octet_length(m.content) AS bytes, 1 AS depth, m.attachments, reply.budget
    FROM reply JOIN messages AS m ON m.user_id = $1 AND m.id = reply.prompt_id
    UNION ALL
    SELECT m.user_id, m.id, m.parent_id, m.role, m.content, m.status, m.error_code, ${COUNTS("m")}, m.context_start,
      coalesce(b.window_start, m.context_start), b.bytes + octet_length(m.content), b.depth + 1,
      m.attachments, b.budget
    FROM branch AS b ${parentOf("b")} AS m
    WHERE b.id IS DISTINCT FROM b.window_start AND b.bytes + octet_length(m.content) <= b.budget
  )
  SELECT id, parent_id AS "parentId", role, content, status, error_code AS "errorCode",
    prompt_tokens AS "promptTokens", output_tokens AS "outputTokens", context_start AS "contextStart",
    octet_length(content) / $4::int + 1
      + CASE WHEN attachments = '[]' THEN 0 ELSE attachment_tokens(attachments) END AS tokens, attachments
  FROM branch ORDER BY depth DESC`
