import pg from "pg"
import type { Logger } from "../../../config/logger.ts"
import type { Timing } from "../../../config/timing.ts"
import type { Attempt } from "./claim-reply.ts"

/** `lost`: the attempt is stale. `cancel`: it isn't, but the user wants it to stop. */
export type Ended = "lost" | "cancel"

export interface LeasedAttempt {
  attempt: Pick<Attempt, "userId" | "id" | "number">
  /** Returns all text so far. */
  text(): string
  /** Returns the summaries of all thoughts so far. */
  thoughts(): string
  end(why: Ended): void
}

/** Renews the leases of all attempts of this process, and writes their texts now and then. */
export interface LeaseRenewer {
  /** @returns a function that ends the renewals */
  renew(leased: LeasedAttempt): () => void
  /** Returns the attempts whose leases are renewed. */
  attempts(): LeasedAttempt["attempt"][]
  close(): Promise<void>
}

/**
 * Creates the renewer. It renews all leases in one statement and on a connection of its own: behind a busy pool
 * renewals would come late, other workers would take the replies over, and making them twice would keep the pool busy.
 */
export function createLeaseRenewer(
  pool: pg.Pool,
  { leaseMs, renewMs, checkpointMs }: Pick<Timing["replies"], "leaseMs" | "renewMs" | "checkpointMs">,
  log: Logger,
): LeaseRenewer {
  const own = new pg.Pool({ ...pool.options, max: 1 })
  own.on("error", (err) => log.warn({ err }, "database connection lost"))
  const leases: Leases = new Map()
  let renewal: Promise<void> | null = null

  const timer = setInterval(() => {
    if (leases.size === 0) return
    // A lease may run out during a slow renewal. Then another worker takes over, and the fence keeps this one out.
    renewal ??= renewAll(own, leases, { leaseMs, checkpointMs })
      .catch((err: unknown) => log.warn({ err }, "leases not renewed"))
      .finally(() => {
        renewal = null
      })
  }, renewMs)

  return {
    renew(leased) {
      const none = { length: 0, at: performance.now() }
      leases.set(leased, { text: none, thoughts: none })
      return () => void leases.delete(leased)
    },
    attempts: () => [...leases.keys()].map(({ attempt: { userId, id, number } }) => ({ userId, id, number })),
    async close() {
      clearInterval(timer)
      await renewal
      await own.end()
    },
  }
}

/** How much of a text is written, and since when. */
interface Checkpoint {
  length: number
  at: number
}

type Written = Record<"text" | "thoughts", Checkpoint>

type Leases = Map<LeasedAttempt, Written>

/**
 * A text is written whole, so writing it at each renewal would write a long one very often. What has grown by a quarter
 * since is written at the next renewal, so that all writings of a reply come to five times its text; less than that
 * waits for `checkpointMs`.
 */
const GROWTH = 1.25

/** @returns the text if it is to be written now, otherwise null */
function due(text: string, { length, at }: Checkpoint, { now, checkpointMs }: Due): string | null {
  const isDue = text.length >= length * GROWTH || now - at >= checkpointMs
  return isDue && text.length > length ? text : null
}

interface Due {
  now: number
  checkpointMs: number
}

async function renewAll(
  pool: pg.Pool,
  leases: Leases,
  { leaseMs, checkpointMs }: { leaseMs: number; checkpointMs: number },
): Promise<void> {
  const now = performance.now()
  const batch = [...leases].map(([leased, written]) => {
    const text = due(leased.text(), written.text, { now, checkpointMs })
    const thoughts = due(leased.thoughts(), written.thoughts, { now, checkpointMs })
    return { leased, written, text, thoughts }
  })
  const { rows } = await pool.query<Renewed>({
    name: "renew-leases",
    text: RENEW,
    values: [
      batch.map(({ leased }) => leased.attempt.userId),
      batch.map(({ leased }) => leased.attempt.id),
      batch.map(({ leased }) => leased.attempt.number),
      batch.map(({ text }) => text),
      batch.map(({ thoughts }) => thoughts),
      leaseMs,
    ],
  })
  const found = new Map(rows.map((row) => [`${row.id}.${row.attempt}`, row.found]))
  for (const { leased, written, text, thoughts } of batch) {
    if (!leases.has(leased)) continue
    const what = found.get(`${leased.attempt.id}.${leased.attempt.number}`)
    if (what === "lost" || what === "cancel") leased.end(what)
    if (what !== "ours") continue
    leases.set(leased, {
      text: text === null ? written.text : { length: text.length, at: now },
      thoughts: thoughts === null ? written.thoughts : { length: thoughts.length, at: now },
    })
  }
}

interface Renewed {
  id: string
  attempt: number
  /** `locked`: another transaction has locked the row; the next renewal sees the result. */
  found: "ours" | "locked" | Ended
}

/**
 * Names no column of an index, so the row stays in its page and in its indexes. Skips locked rows: waiting for one would let
 * the other leases run out.
 */
const RENEW = `
  WITH leased AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[], $5::text[])
      AS leased (user_id, id, attempt, content, thoughts)
  ), free AS (
    SELECT m.id FROM messages AS m JOIN leased ON leased.user_id = m.user_id AND leased.id = m.id
    FOR NO KEY UPDATE OF m SKIP LOCKED
  ), renewed AS (
    UPDATE messages AS m
    SET content = coalesce(leased.content, m.content), thoughts = coalesce(leased.thoughts, m.thoughts),
      renewed_until = now() + $6 * interval '1 millisecond'
    FROM leased JOIN free ON free.id = leased.id
    WHERE m.user_id = leased.user_id AND m.id = leased.id AND m.attempt = leased.attempt AND m.status = 'running'
    RETURNING m.id, m.cancel_requested_at IS NOT NULL AS cancelled
  )
  SELECT leased.id, leased.attempt,
    CASE WHEN renewed.cancelled THEN 'cancel' WHEN renewed.id IS NOT NULL THEN 'ours'
      WHEN m.id IS NOT NULL THEN 'locked' ELSE 'lost' END AS found
  FROM leased LEFT JOIN renewed ON renewed.id = leased.id
    LEFT JOIN messages AS m ON m.user_id = leased.user_id AND m.id = leased.id AND m.attempt = leased.attempt
      AND m.status = 'running'`
