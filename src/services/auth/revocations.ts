import pg from "pg"
import { queryWithin } from "../../config/database.ts"
import type { Logger } from "../../config/logger.ts"
import type { Timing } from "../../config/timing.ts"
import { type Loop, startLoop } from "../../utils/loop.ts"
import type { DatabaseClock } from "../platform/database-clock.ts"

/** Returns how long a revocation is kept: the life of an access token, plus the clock skew between machines. */
export function revocationLifeMs({ auth }: Timing): number {
  return auth.accessTokenMs + auth.clockSkewMs
}

/**
 * The sessions whose access tokens are revoked. Sessions that end in this process are known at once, those of other
 * processes within half a second. When the database doesn't respond for a second, the list is no longer current.
 */
export interface Revocations {
  /** Reads all revocations and starts to poll. */
  start(): Promise<void>
  isRevoked(sessionId: string): boolean
  /** Checks whether the last poll is recent enough for `isRevoked` to be reliable. */
  isCurrent(): boolean
  /** Adds sessions after the commit that ended them. */
  add(sessionIds: readonly string[]): void
  close(): Promise<void>
}

/**
 * Polls on a connection of its own with the pool's settings; each poll also sets the clock. In the pool's queue it would
 * wait for requests, and revocations would be late just when the server is busy.
 */
export function createRevocations(
  pool: pg.Pool,
  clock: DatabaseClock,
  timing: Timing,
  log: Logger,
): Revocations {
  const { pollMs, currentMs, overlapMs, allTimeoutMs, latestTimeoutMs } = timing.revocations
  const own = new pg.Pool({ ...pool.options, max: 1 })
  own.on("error", (err) => log.warn({ err }, "database connection lost"))
  const revoked = createExpiringSet(revocationLifeMs(timing))
  let readAt = Number.NEGATIVE_INFINITY
  let isFailing = false
  let loop: Loop | undefined

  async function read(): Promise<void> {
    const startedAt = performance.now()
    const { rows } = await (startedAt - readAt > overlapMs / 2
      ? queryWithin<Ended>(own, allTimeoutMs, { text: ALL })
      : queryWithin<Ended>(own, latestTimeoutMs, { text: LATEST, values: [overlapMs] }))
    const { now, ended } = rows[0] as Ended
    const readAfterMs = performance.now() - startedAt
    // Of an answer that lay unread while the process stood still it is unknown when it was given.
    if (readAfterMs < latestTimeoutMs) clock.set(now, startedAt, startedAt + readAfterMs)
    for (const id of ended) revoked.add(id)
    readAt = startedAt
    isFailing = false
  }

  function logFailure(err: unknown): void {
    if (!isFailing) log.warn({ err }, "revocations can't be read")
    isFailing = true
  }

  return {
    async start() {
      await read()
      loop = startLoop(pollMs, read, logFailure)
    },
    isRevoked: (sessionId) => revoked.has(sessionId),
    isCurrent: () => performance.now() - readAt < currentMs,
    add(sessionIds) {
      for (const id of sessionIds) revoked.add(id)
    },
    async close() {
      await loop?.stop()
      await own.end()
    },
  }
}

interface Ended {
  now: number
  ended: string[]
}

const endedSql = (condition: string) => `
  SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now,
    ARRAY(SELECT session_id FROM session_revocations WHERE ${condition}) AS ended`
const ALL = endedSql("expires_at > now()")
const LATEST = endedSql("revoked_at > now() - $1 * interval '1 millisecond'")

/** Creates a set that keeps an entry for at least `lifeMs` and drops it on a later `add`. */
function createExpiringSet(lifeMs: number) {
  let current = new Set<string>()
  let previous = new Set<string>()
  let rotatedAt = performance.now()
  return {
    has: (id: string) => current.has(id) || previous.has(id),
    add(id: string) {
      if (performance.now() - rotatedAt > lifeMs) {
        previous = current
        current = new Set()
        rotatedAt = performance.now()
      }
      current.add(id)
    },
  }
}
