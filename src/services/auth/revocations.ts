import pg from "pg"
import type { Logger } from "../../config/logger.ts"
import { MINUTE, pause, SECOND } from "../../utils/time.ts"
import { ACCESS_TOKEN_SECONDS } from "./access-tokens.ts"

/** Leaves two thirds of `CURRENT_MS` to the query and a busy process before requests read sessions themselves. */
const POLL_MS = 300

/** How far back a poll looks: longer than a transaction may stay open between writing its row and its commit. */
const OVERLAP_MS = 30 * SECOND

/**
 * Silence after which this process no longer says that it knows which sessions have ended: what it hasn't heard of by
 * then may be a second old, and a second after its end a session's tokens must be dead everywhere.
 */
const CURRENT_MS = 1 * SECOND

/** A later answer would no longer count as current; a connection that gives none is replaced. */
const LATEST_TIMEOUT_MS = CURRENT_MS

/** Reads more, at the start and after a long silence. */
const ALL_TIMEOUT_MS = 2 * SECOND

/** How long a revocation is kept: the life of an access token, and a minute for clocks that differ. */
export const REVOCATION_SECONDS = ACCESS_TOKEN_SECONDS + MINUTE / SECOND

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
export function createRevocations(pool: pg.Pool, log: Logger): Revocations {
  const own = new pg.Pool({ ...pool.options, max: 1 })
  own.on("error", (err) => log.warn({ err }, "database connection lost"))
  const revoked = createExpiringSet(REVOCATION_SECONDS * SECOND)
  const closing = new AbortController()
  let heardAt = Number.NEGATIVE_INFINITY
  let silent = false
  let polling: Promise<void> = Promise.resolve()

  async function hear(): Promise<void> {
    const askedAt = performance.now()
    const { rows } = await own.query<{ session_id: string }>(
      askedAt - heardAt > OVERLAP_MS / 2 ? ALL : LATEST,
    )
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
      await pause(POLL_MS, closing.signal)
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
    isCurrent: () => performance.now() - heardAt < CURRENT_MS,
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

const ALL = query("SELECT session_id FROM session_revocations WHERE expires_at > now()", ALL_TIMEOUT_MS)
const LATEST = query(
  `SELECT session_id FROM session_revocations WHERE revoked_at > now() - interval '${OVERLAP_MS} milliseconds'`,
  LATEST_TIMEOUT_MS,
)

/** `query_timeout` is a setting of pg's queries that its typings know for clients only. */
function query(text: string, timeoutMs: number): pg.QueryConfig {
  return { text, query_timeout: timeoutMs } as pg.QueryConfig
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
