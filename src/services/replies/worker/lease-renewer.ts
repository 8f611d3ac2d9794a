import pg from "pg"
import type { Logger } from "../../../config/logger.ts"
import { type Claim, LEASE_MS, RENEW_MS } from "./claim-reply.ts"

/** `lost`: the reply is no longer this attempt's. `cancel`: it is, but the user wants it to stop. */
export type Ended = "lost" | "cancel"

export interface LeasedAttempt {
  claim: Claim
  /** All that has come so far. */
  text(): string
  end(why: Ended): void
}

/** Holds the claims of all replies that this process makes, and writes their texts when they have grown. */
export interface LeaseRenewer {
  /** @returns what ends it */
  renew(held: LeasedAttempt): () => void
  /** The claims of this process, less those that it knows to be lost. */
  attempts(): Pick<Claim, "id" | "attempt">[]
  close(): Promise<void>
}

/**
 * Renews every second, all claims in one statement and on a connection of its own: behind a busy pool renewals would
 * come late, the replies would be taken for a dead worker's, and making them twice would keep the pool busy.
 */
export function createLeaseRenewer(pool: pg.Pool, log: Logger): LeaseRenewer {
  const own = new pg.Pool({ ...pool.options, max: 1 })
  own.on("error", (err) => log.warn({ err }, "database connection lost"))
  // With how much of the text is written.
  const leased = new Map<LeasedAttempt, number>()
  let timer: NodeJS.Timeout | undefined
  let renewal: Promise<void> | null = null

  async function renew(): Promise<void> {
    const batch = [...leased].map(([held, written]) => ({ held, written, text: held.text() }))
    const { rows } = await own.query<Renewed>({
      name: "renew-claims",
      text: RENEW,
      values: [
        batch.map(({ held }) => held.claim.userId),
        batch.map(({ held }) => held.claim.id),
        batch.map(({ held }) => held.claim.attempt),
        batch.map(({ text, written }) => (text.length > written ? text : null)),
        LEASE_MS,
      ],
    })
    const found = new Map(rows.map((row) => [`${row.id}.${row.attempt}`, row.found]))
    for (const { held, text } of batch) {
      if (!leased.has(held)) continue
      const what = found.get(`${held.claim.id}.${held.claim.attempt}`)
      if (what === "lost" || what === "cancel") held.end(what)
      if (what === "ours") leased.set(held, text.length)
    }
  }

  function tick(): void {
    // A lease may run out meanwhile. Then somebody else starts anew, and the fence keeps that attempt out.
    renewal ??= renew()
      .catch((err: unknown) => log.warn({ err }, "claims not renewed"))
      .finally(() => {
        renewal = null
      })
  }

  return {
    renew(held) {
      leased.set(held, 0)
      timer ??= setInterval(tick, RENEW_MS)
      return () => {
        leased.delete(held)
        if (leased.size > 0) return
        clearInterval(timer)
        timer = undefined
      }
    },
    attempts: () => [...leased.keys()].map(({ claim: { id, attempt } }) => ({ id, attempt })),
    async close() {
      clearInterval(timer)
      await renewal
      await own.end()
    },
  }
}

interface Renewed {
  id: string
  attempt: number
  /** `locked`: somebody else's transaction has the row just now, and the next renewal will see what came of it. */
  found: "ours" | "locked" | Ended
}

/** A row that somebody holds must not make the others wait: their leases would run out. */
const RENEW = `
  WITH held AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[]) AS held (user_id, id, attempt, content)
  ), free AS (
    SELECT m.id FROM messages AS m JOIN held ON held.user_id = m.user_id AND held.id = m.id
    FOR NO KEY UPDATE OF m SKIP LOCKED
  ), renewed AS (
    UPDATE messages AS m
    SET content = coalesce(held.content, m.content), lease_until = now() + $5 * interval '1 millisecond'
    FROM held JOIN free ON free.id = held.id
    WHERE m.user_id = held.user_id AND m.id = held.id AND m.attempt = held.attempt AND m.status = 'running'
    RETURNING m.id, m.cancel_requested_at IS NOT NULL AS cancelled
  )
  SELECT held.id, held.attempt,
    CASE WHEN renewed.cancelled THEN 'cancel' WHEN renewed.id IS NOT NULL THEN 'ours'
      WHEN m.id IS NOT NULL THEN 'locked' ELSE 'lost' END AS found
  FROM held LEFT JOIN renewed ON renewed.id = held.id
    LEFT JOIN messages AS m ON m.user_id = held.user_id AND m.id = held.id AND m.attempt = held.attempt
      AND m.status = 'running'`
