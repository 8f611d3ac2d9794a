import pg from "pg"
import type { Logger } from "../../config/logger.ts"
import type { Timing } from "../../config/timing.ts"
import { pause } from "../../utils/time.ts"

/** How long a revocation is kept: the life of an access token, on a clock that is behind. */
export function revocationLifeMs({ auth }: Timing): number {
  return auth.accessTokenMs + auth.clockSkewMs
}

/**
 * The sessions whose access tokens are dead before they expire, as far as this process has heard: its own at once,
 * those of others within half a second. Where the database is silent for a second, it says that it doesn't know.
 */
export interface Revocations {
  /** Resolves when all of them are known. */
  start(): Promise<void>
  isRevoked(sessionId: string): boolean
  /** Whether this process has heard from the database lately enough for `isRevoked` to be relied on. */
  isCurrent(): boolean
  /** After a commit that ended sessions in this process. */
  add(sessionIds: readonly string[]): void
  close(): Promise<void>
}

/**
 * Reads on a connection of its own, set up like those of `pool`: behind a queue of requests for a connection the
 * news would come late just when the server is busy.
 */
export function createRevocations(pool: pg.Pool, timing: Timing, log: Logger): Revocations {
  const { pollMs, currentMs, overlapMs, ...timeouts } = timing.revocations
  const all = query(ALL, [], timeouts.allTimeoutMs)
  const latest = query(LATEST, [overlapMs], timeouts.latestTimeoutMs)
  const own = new pg.Pool({ ...pool.options, max: 1 })
  own.on("error", (err) => log.warn({ err }, "database connection lost"))
  const revoked = createExpiringSet(revocationLifeMs(timing))
  const closing = new AbortController()
  let heardAt = Number.NEGATIVE_INFINITY
  let silent = false
  let polling: Promise<void> = Promise.resolve()

  async function hear(): Promise<void> {
    const askedAt = performance.now()
    const { rows } = await own.query<{ session_id: string }>(askedAt - heardAt > overlapMs / 2 ? all : latest)
    for (const row of rows) revoked.add(row.session_id)
    heardAt = askedAt
    silent = false
  }

  function complain(err: unknown): void {
    if (!silent) log.warn({ err }, "ended sessions can't be read")
    silent = true
  }

  async function poll(): Promise<void> {
    for (;;) {
      await pause(pollMs, closing.signal)
      if (closing.signal.aborted) return
      await hear().catch(complain)
    }
  }

  return {
    async start() {
      await hear()
      polling = poll()
    },
    isRevoked: (sessionId) => revoked.has(sessionId),
    isCurrent: () => performance.now() - heardAt < currentMs,
    add(sessionIds) {
      for (const id of sessionIds) revoked.add(id)
    },
    async close() {
      closing.abort()
      await polling
      await own.end()
    },
  }
}

const ALL = "SELECT session_id FROM session_revocations WHERE expires_at > now()"
const LATEST =
  "SELECT session_id FROM session_revocations WHERE revoked_at > now() - $1 * interval '1 millisecond'"

/** `query_timeout` is a setting of pg's queries that its typings know for clients only. */
function query(text: string, values: number[], timeoutMs: number): pg.QueryConfig {
  return { text, values, query_timeout: timeoutMs } as pg.QueryConfig
}

/** Forgets what was added `lifeMs` ago, or a little later. */
function createExpiringSet(lifeMs: number) {
  let young = new Set<string>()
  let old = new Set<string>()
  let turnedAt = performance.now()
  return {
    has: (id: string) => young.has(id) || old.has(id),
    add(id: string) {
      if (performance.now() - turnedAt > lifeMs) {
        old = young
        young = new Set()
        turnedAt = performance.now()
      }
      young.add(id)
    },
  }
}
