import type { MessageKey } from "../../chat/message-record.ts"
import type { Context } from "../../context.ts"
import { makeDue } from "../accept/enqueue-reply.ts"
import type { Orphan, Takeovers } from "./takeovers.ts"

/** More would delay the next sweep, which finds the remaining ones. */
const MAX_PER_SWEEP = 500

/**
 * Sweeps replies of one status that no worker looks after: `running` under a lease that has run out, or `queued` for
 * longer than the queue should take. `takeovers` takes replies of silent workers while it has room; the others are
 * enqueued again and, where the queue can't carry them, taken in the same way. Any number of processes may sweep: each
 * reply goes to one of them.
 * @returns how many it found
 * @throws when the queue doesn't take a reply; replies that found no room either are due again at once
 */
export async function sweepReplies(
  ctx: Context,
  status: "queued" | "running",
  takeovers: Pick<Takeovers, "take">,
): Promise<number> {
  const swept = await findOrphans(ctx, status)
  const waiting: Orphan[] = []
  for (const { userId, id, attempt, inFlight, takenOver, orphaned } of swept) {
    if (takenOver) ctx.events.replyTakenOver({ replyId: id, attempt })
    const orphan = { userId, id, inFlight, dedupeKey: dedupeKeyOf(attempt, takenOver) }
    if (!orphaned || !takeovers.take(orphan)) waiting.push(orphan)
  }
  await enqueueAll(ctx, waiting, takeovers)
  return swept.length
}

/**
 * Tells whether the queue has a job for every unfinished reply, where there are many. Then none was lost: they merely
 * wait, and looking after each again and again would make a backlog longer. Jobs are counted before replies, so
 * that what comes between leads to a sweep.
 */
async function hasAllJobs({ db, queue, waitEstimator }: Context): Promise<boolean> {
  if ((waitEstimator.load()?.unfinished ?? 0) <= FEW) return false
  const jobs = await queue.counts().catch((): Record<string, number> => ({}))
  const { rows } = await db.execute<{ unfinished: number }>("count-unfinished", COUNT_UNFINISHED)
  const all = Object.values(jobs).reduce((sum, count) => sum + count, 0)
  return all >= (rows[0]?.unfinished ?? Number.POSITIVE_INFINITY)
}

const FEW = 20

const COUNT_UNFINISHED = "SELECT count(*)::int AS unfinished FROM chatrooms WHERE active_reply_id IS NOT NULL"

/** As many as the queue takes in one command. */
const AT_ONCE = 64

async function enqueueAll(
  ctx: Context,
  orphans: Orphan[],
  takeovers: Pick<Takeovers, "take">,
): Promise<void> {
  for (let done = 0; done < orphans.length; done += AT_ONCE) {
    const some = orphans.slice(done, done + AT_ONCE)
    const outcomes = await Promise.allSettled(
      some.map(({ userId, id, ...options }) => ctx.queue.enqueue({ userId, id }, options)),
    )
    const failed = outcomes.find((outcome) => outcome.status === "rejected")
    if (!failed) continue
    const left = orphans.slice(done).filter((_, n) => outcomes[n]?.status !== "fulfilled")
    await makeDue(
      ctx,
      left.filter((orphan) => !takeovers.take(orphan)),
    )
    throw failed.reason
  }
}

interface Swept extends MessageKey {
  attempt: number
  /** Its number among its user's active replies, oldest first. */
  inFlight: number
  takenOver: boolean
  /** It was taken over from a silent worker, in this sweep or earlier. */
  orphaned: boolean
}

async function findOrphans(ctx: Context, status: "queued" | "running"): Promise<Swept[]> {
  const { sweepAfterMs, handoverMs, longestTrustMs } = ctx.timing.replies
  const own = ctx.leases.attempts()
  const { rows } = await ctx.db.execute<Swept>("sweep-replies", SWEEP, [
    sweepAfterMs,
    MAX_PER_SWEEP,
    handoverMs,
    status,
    own.map(({ id }) => id),
    own.map(({ number }) => number),
    status === "queued" && (await hasAllJobs(ctx)) ? longestTrustMs : 0,
  ])
  return rows
}

/**
 * Allows at most two jobs per attempt, however long the queue is: one that takes the reply from a silent worker, and one
 * in case that worker, or the first job's, died before its claim.
 */
function dedupeKeyOf(attempt: number, takenOver: boolean): string {
  return takenOver ? `${attempt}` : `${attempt}.again`
}

/**
 * Taking a silent worker's reply away is one update: from then on its late writes find no running attempt. This process
 * isn't silent: after a stall of it or the database for longer than a lease, it continues its own replies. All of a
 * user's active replies are ranked and not only those found in this sweep, because late ones would be first in every
 * sweep. Ids are in the order of time. The index doesn't tell which leases were renewed; running replies are no more than
 * workers can make at once.
 */
const SWEEP = `
  WITH due AS (
    SELECT m.user_id, m.id, m.status
    FROM messages AS m
    JOIN chatrooms AS c
      ON c.user_id = m.user_id AND c.id = m.chatroom_id AND c.active_reply_id IS NOT DISTINCT FROM m.id
    WHERE m.status = $4 AND m.lease_until < now()
      AND NOT (m.status = 'running' AND coalesce(m.renewed_until >= now(), false))
      AND (m.takeovers > 0 OR m.lease_until < now() - $7::int * interval '1 millisecond')
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
  RETURNING m.user_id AS "userId", m.id, m.attempt, ranked.in_flight AS "inFlight",
    due.status = 'running' AS "takenOver", m.takeovers > 0 AS orphaned`
