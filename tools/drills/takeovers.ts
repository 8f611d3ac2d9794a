import type pg from "pg"
import { MINUTE } from "../../src/utils/time.ts"
import type { Attempt, Attempts } from "../lib/attempts.ts"
import { until } from "../lib/until.ts"

/** A reply that was running somewhere when a worker was killed. */
interface Bereft {
  replyId: string
  attempt: number
  killedAt: number
  pid: number
}

export type Takeovers = ReturnType<typeof createTakeovers>

/**
 * Measures from a worker's death to the next attempt's start, of the replies that were running on it. While PostgreSQL
 * is away nobody can take over anything: that time isn't counted. The row says which attempts are running; whose an
 * attempt was is known from the logs of the living.
 */
export function createTakeovers(pool: pg.Pool, attempts: Attempts) {
  const bereft: Bereft[] = []
  const outages: Outage[] = []
  const kills: { pid: number; at: number }[] = []
  return {
    /** To be called when the process is gone: notes which replies it has left behind. */
    async noteKill(pid: number, killedAt: number) {
      kills.push({ pid, at: killedAt })
      // PostgreSQL may have been stopped in the same moment. What another has taken over by the time it is back is
      // known from the logs not to be the killed one's.
      const read = () => pool.query<{ id: string; attempt: number }>(RUNNING).catch(() => null)
      const { rows } = await until("the running replies can be read", read, { timeoutMs: MINUTE })
      for (const { id, attempt } of rows) bereft.push({ replyId: id, attempt, killedAt, pid })
    },
    /** PostgreSQL was away, in ms since 1970. */
    noteOutage: (from: number, to: number) => void outages.push({ from, to }),
    /** In ms, in ascending order; of what nobody has taken over yet, nothing. */
    times: () =>
      bereft.flatMap((one) => timeOf(one, attempts.of(one.replyId), outages)).sort((a, b) => a - b),
    /** Workers that were killed, with the time, in ms since 1970. */
    kills: (): readonly { pid: number; at: number }[] => kills,
  }
}

interface Outage {
  from: number
  to: number
}

const RUNNING = "SELECT id, attempt FROM messages WHERE status = 'running'"

/**
 * An attempt that nobody announced was cut off between its claim and its first log line: the killed one's. Where the
 * next attempt is such a one, a later kill has ended it, and counts by itself.
 */
function timeOf({ attempt, pid, killedAt }: Bereft, known: Attempt[], outages: Outage[]): number[] {
  const own = known.find((one) => one.attempt === attempt)
  if (own && own.pid !== pid) return []
  const next = known.find((one) => one.attempt === attempt + 1)
  if (!next) return []
  const overlap = ({ from, to }: Outage) =>
    Math.max(0, Math.min(to, next.startedAt) - Math.max(from, killedAt))
  return [outages.reduce((rest, outage) => rest - overlap(outage), next.startedAt - killedAt)]
}

/** The value below which `share` of the sorted values lie. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0
}

/** The median, the 99th percentile and the maximum, as `format` writes them. */
export function spread(sorted: readonly number[], format: (ms: number) => string): string {
  return [0.5, 0.99, 1].map((share) => format(percentile(sorted, share))).join(" / ")
}
