import type { MessageKey } from "../../chat/message-record.ts"
import type { Context } from "../../context.ts"
import type { EnqueueOptions } from "../accept/reply-queue.ts"
import type { Takeovers } from "./takeovers.ts"

/** More than this in one sweep would hold up the next; the rest follows in the next. */
const MAX_PER_SWEEP = 500

/**
 * Finds replies of one status that nobody looks after: `running` under a lease that has run out, or `queued` for
 * longer than the queue should take. `takeovers` begins those whose worker fell silent at once, as far as it takes them;
 * the rest is enqueued again. Any number of processes may sweep: each reply goes to one of them.
 * @returns how many it found
 * @throws when the queue doesn't answer; what was not enqueued is due again at once
 */
export async function sweepReplies(
  ctx: Context,
  status: "queued" | "running",
  takeovers: Pick<Takeovers, "take">,
): Promise<number> {
  const own = ctx.leases.attempts()
  const { rows } = await ctx.db.execute<{
    user_id: string
    id: string
    attempt: number
    /** Its place among its user's active replies, the oldest first. */
    in_flight: number
    taken_over: boolean
    /** Its worker fell silent, now or before, and nobody has made it since. */
    orphaned: boolean
  }>("sweep-replies", SWEEP, [
    ctx.timing.replies.sweepAfterMs,
    MAX_PER_SWEEP,
    ctx.timing.replies.handoverMs,
    status,
    own.map(({ id }) => id),
    own.map(({ number }) => number),
  ])
  for (const { id, attempt, taken_over } of rows) {
    if (taken_over) ctx.events.replyTakenOver({ replyId: id, attempt })
  }
  const waiting: { reply: MessageKey; hint: EnqueueOptions }[] = []
  for (const { user_id: userId, id, attempt, in_flight, taken_over, orphaned } of rows) {
    const reply = { userId, id }
    const hint = { inFlight: in_flight, dedupeKey: dedupeKeyOf(attempt, taken_over) }
    if (orphaned && takeovers.take({ ...reply, ...hint })) continue
    waiting.push({ reply, hint })
  }
  for (const [done, { reply, hint }] of waiting.entries()) {
    try {
      await ctx.queue.enqueue(reply, hint)
    } catch (error) {
      await putBack(
        ctx,
        waiting.slice(done).map((left) => left.reply),
      )
      throw error
    }
  }
  return rows.length
}

/**
 * At most two jobs for each attempt, however long the queue is: one that takes the reply from a silent worker, and one
 * for when that worker, or the first job's, died before its claim.
 */
function dedupeKeyOf(attempt: number, takenOver: boolean): string {
  return takenOver ? `${attempt}` : `${attempt}.again`
}

async function putBack(ctx: Context, replies: MessageKey[]): Promise<void> {
  const values = [replies.map(({ userId }) => userId), replies.map(({ id }) => id)]
  await ctx.db.execute("put-back-swept", PUT_BACK, values)
}

const PUT_BACK = `
  UPDATE messages AS m SET lease_until = now() FROM unnest($1::uuid[], $2::uuid[]) AS due (user_id, id)
  WHERE m.user_id = due.user_id AND m.id = due.id AND m.status = 'queued'`

/**
 * Taking a silent worker's reply away is one update: from then on its late writes find no running attempt. This process
 * isn't silent: where it or the database was held up for longer than a lease, it goes on with its own. All of a
 * user's active replies are ranked, not those found at once: what trickles in would be first in every sweep. Ids are
 * in the order of time.
 */
const SWEEP = `
  WITH due AS (
    SELECT m.user_id, m.id, m.status
    FROM messages AS m
    JOIN chatrooms AS c ON c.user_id = m.user_id AND c.id = m.chatroom_id AND c.active_reply_id = m.id
    WHERE m.status IN ('queued', 'running') AND m.status = $4 AND m.lease_until < now()
      AND (m.id, m.attempt) NOT IN (SELECT * FROM unnest($5::uuid[], $6::int[]))
    ORDER BY m.lease_until LIMIT $2
    FOR UPDATE OF m SKIP LOCKED
  ), ranked AS (
    SELECT active_reply_id AS id, row_number() OVER (PARTITION BY user_id ORDER BY active_reply_id)::int AS in_flight
    FROM chatrooms WHERE active_reply_id IS NOT NULL AND user_id IN (SELECT user_id FROM due)
  )
  UPDATE messages AS m SET status = 'queued',
    lease_until = now() + CASE due.status WHEN 'running' THEN $3::int ELSE $1::int END * interval '1 millisecond',
    takeovers = m.takeovers + CASE due.status WHEN 'running' THEN 1 ELSE 0 END
  FROM due JOIN ranked USING (id) WHERE m.user_id = due.user_id AND m.id = due.id
  RETURNING m.user_id, m.id, m.attempt, ranked.in_flight, due.status = 'running' AS taken_over, m.takeovers > 0 AS orphaned`
