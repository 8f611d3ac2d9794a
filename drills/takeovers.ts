import type pg from "pg"
import type { Attempt, Attempts } from "./attempts.ts"

/** A reply that was running somewhere when a worker was killed. */
interface Bereft {
  replyId: string
  attempt: number
  killedAt: number
  pid: number
}

/** From a worker's death to the next attempt's start, of the replies that were running on it. */
export interface Takeovers {
  /** To be called when the process is gone: notes which replies it has left behind. */
  noteKill(pid: number, killedAt: number): Promise<void>
  /** In ms, in ascending order; of what nobody has taken over yet, nothing. */
  times(): number[]
  kills(): number
}

/** The row says which attempts are running; whose an attempt was is known from the logs of the living. */
export function createTakeovers(pool: pg.Pool, attempts: Attempts): Takeovers {
  const bereft: Bereft[] = []
  let kills = 0
  return {
    async noteKill(pid, killedAt) {
      kills += 1
      const { rows } = await pool.query<{ id: string; attempt: number }>(RUNNING)
      for (const { id, attempt } of rows) bereft.push({ replyId: id, attempt, killedAt, pid })
    },
    times: () => bereft.flatMap((one) => timeOf(one, attempts.of(one.replyId))).sort((a, b) => a - b),
    kills: () => kills,
  }
}

const RUNNING = "SELECT id, attempt FROM messages WHERE status = 'running'"

/**
 * An attempt that nobody announced was cut off between its claim and its first log line: the killed one's. Where the
 * next attempt is such a one, a later kill has ended it, and counts by itself.
 */
function timeOf({ attempt, pid, killedAt }: Bereft, known: Attempt[]): number[] {
  const own = known.find((one) => one.attempt === attempt)
  if (own && own.pid !== pid) return []
  const next = known.find((one) => one.attempt === attempt + 1)
  return next ? [next.startedAt - killedAt] : []
}

/** The value below which `share` of the sorted values lie. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0
}
