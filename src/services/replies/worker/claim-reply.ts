import { inOneTrip } from "../../../config/database.ts"
import type { ContextMode, ThinkingLevel } from "../../../models/chatroom.ts"
import { toCamelCase } from "../../../utils/camel-case.ts"
import type { MessageKey } from "../../chat/message-record.ts"
import { stillOffered } from "../../chat/offered-models.ts"
import type { Context } from "../../context.ts"
import { TODAY_SQL } from "../../usage/quota.ts"
import type { Citation } from "../provider/citations.ts"
import { type BranchTurn, branchOf } from "./read-branch.ts"

/** One try at making a reply. Its worker alone may write the reply, as long as the number is the newest. */
export interface Attempt {
  /** The reply's. */
  id: string
  /** From 1; fences every write. */
  number: number
  /** How many attempts before this one failed. */
  failures: number
  /** How often the reply was taken over from a silent worker. */
  takeovers: number
  chatroomId: string
  promptId: string
  userId: string
  /** Chosen when the prompt was sent; the default one, if the operator has withdrawn that since. */
  model: string
  contextMode: ContextMode
  /** Nobody has named the room, and it is to be kept. */
  lacksTitle: boolean
  systemInstruction: string | null
  /** null: the model's own level. */
  thinking: ThinkingLevel | null
  webSearch: boolean
  urlContext: boolean
  /** An earlier attempt was charged for a tool. */
  holdsTools: boolean
  requestId: string | null
  /** Of the request that sent the prompt, if that was traced. */
  traceparent: string | null
  /** The attempt before this one found every model cooling down. */
  isCoolingDown: boolean
  /** The user cancelled the reply before the claim: it only needs to be ended. */
  cancelRequested: boolean
  /** Text and thoughts of an earlier attempt, if the reply only needs to be ended. */
  content: string
  thoughts: string
  /** The text that the reply goes on from, with which its own begins; empty for most. */
  prefix: string
  /** Of the reply that it goes on from. */
  citations: Citation[]
  searchQueries: string[]
  /** The UTC day on which the attempt began, YYYY-MM-DD: its calls are billed by that day's prices. */
  day: string
}

/**
 * `branch`: what the reply is made of, as it was when the reply had been claimed. `wait`: not now, but in `waitMs`. `none`:
 * final, deleted, or another reply of the room comes first.
 */
export type ClaimResult = { attempt: Attempt; branch: BranchTurn[] } | { waitMs: number } | { none: true }

/**
 * Takes a reply for this worker. One conditional update decides between workers, by the database's clock; it
 * raises `attempt`, which makes the earlier attempt stale. A process doesn't take a reply from itself, because its
 * lease may run out while the process or the database is stalled.
 */
export async function claimReply(ctx: Context, { userId, id: replyId }: MessageKey): Promise<ClaimResult> {
  const own = ctx.leases.attempts().filter(({ id }) => id === replyId)
  const values = [userId, replyId, ctx.timing.replies.leaseMs, own.map(({ number }) => number)]
  const [claimed, branch] = await inOneTrip(
    ctx.db.pool,
    [{ name: "claim-reply", text: CLAIM, values }, branchOf(ctx, { userId, id: replyId })],
    { isAtomic: false },
  )
  if (claimed?.rows[0]) return { attempt: toAttempt(ctx, claimed.rows[0]), branch: branch?.rows ?? [] }
  const { rows: waiting } = await ctx.db.execute<{ wait_ms: number }>("claim-wait", WAIT, [userId, replyId])
  return waiting[0]
    ? { waitMs: Math.max(ctx.timing.replies.shortestDelayMs, waiting[0].wait_ms) }
    : { none: true }
}

function toAttempt(ctx: Context, row: Record<string, unknown>): Attempt {
  const attempt = toCamelCase<Attempt>(row)
  return { ...attempt, model: stillOffered(ctx.config.gemini, attempt.model) }
}

/**
 * IS NOT DISTINCT FROM and not `=`, which would let PostgreSQL look the room up in the index of rooms with an active reply:
 * with the statistics of a quiet database it takes that for empty and would read all of the user's for every claim.
 * A claim that waited for the reply's row sees the room as it was before: the lease says whether it is the reply's turn.
 * The lease that an index has stays as it is where it ends soon enough: the row stays in its page and in its indexes.
 */
const CLAIM = `
  UPDATE messages AS m
  SET status = 'running', attempt = m.attempt + 1, not_before = NULL,
      content = CASE WHEN m.cancel_requested_at IS NULL THEN m.prefix ELSE m.content END,
      thoughts = CASE WHEN m.cancel_requested_at IS NULL THEN '' ELSE m.thoughts END,
      lease_until = least(m.lease_until, now() + $3 * interval '1 millisecond'),
      renewed_until = now() + $3 * interval '1 millisecond'
  FROM chatrooms AS c
  WHERE m.user_id = $1 AND m.id = $2 AND c.user_id = $1 AND c.id = m.chatroom_id
    AND c.active_reply_id IS NOT DISTINCT FROM m.id
    AND (m.status = 'queued' AND m.lease_until IS DISTINCT FROM 'infinity' AND (m.not_before IS NULL OR m.not_before <= now())
      OR m.status = 'running' AND greatest(m.lease_until, m.renewed_until) < now() AND m.attempt <> ALL ($4::int[]))
  RETURNING m.id, m.attempt AS number, m.failures, m.takeovers, m.chatroom_id, m.parent_id AS prompt_id, m.request_id,
    m.traceparent,
    m.cancel_requested_at IS NOT NULL AS cancel_requested, m.content, m.thoughts, m.prefix, m.citations, m.search_queries,
    c.user_id,
    m.cooling_down_since IS NOT NULL AS is_cooling_down, m.model, c.context AS context_mode, c.system_instruction,
    c.name_by = 'default' AND NOT c.temporary AS lacks_title, m.thinking, c.web_search, c.url_context,
    m.web_search_on IS NOT NULL OR m.url_context_on IS NOT NULL AS holds_tools, ${TODAY_SQL}::text AS day`

const WAIT = `
  SELECT ceil(extract(epoch FROM CASE m.status WHEN 'running' THEN greatest(m.lease_until, m.renewed_until) ELSE m.not_before END - now()) * 1000)::int
    AS wait_ms
  FROM messages AS m JOIN chatrooms AS c
    ON c.user_id = m.user_id AND c.id = m.chatroom_id AND c.active_reply_id IS NOT DISTINCT FROM m.id
  WHERE m.user_id = $1 AND m.id = $2 AND (m.status = 'running' OR m.status = 'queued' AND m.not_before > now())`
