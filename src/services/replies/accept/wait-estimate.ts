import type { Database } from "../../../config/database.ts"
import type { Logger } from "../../../config/logger.ts"
import type { Timing } from "../../../config/timing.ts"
import { type Loop, startLoop } from "../../../utils/loop.ts"
import type { MessageRecord } from "../../chat/message-record.ts"
import { aliveSql } from "../../platform/heartbeat.ts"

/** Estimates how long queued replies will wait, from the recent throughput of the workers. */
export interface WaitEstimator {
  start(): void
  /** Returns ms; null while no worker is alive or before the first read. */
  waitMs(reply: Waiting): number | null
  /** Returns what was read last. */
  load(): WorkerLoad | null
  close(): Promise<void>
}

export function createWaitEstimator(db: Database, timing: Timing, log: Logger): WaitEstimator {
  let seen: WorkerLoad | null = null
  let loop: Loop | undefined
  const read = async () => {
    const { rows } = await db.execute<WorkerLoad>("worker-load", loadSql(timing))
    seen = rows[0] ?? null
  }
  return {
    start() {
      loop = startLoop(timing.replies.estimateMs, read, (err) => log.debug({ err }, "worker load not read"))
    },
    waitMs: (reply) => (seen ? estimate(seen, reply, timing.replies.usualReplyMs) : null),
    load: () => seen,
    close: async () => loop?.stop(),
  }
}

interface WorkerLoad {
  workers: number
  capacity: number
  mean_ms: number | null
  unfinished: number
}

type Waiting = Pick<MessageRecord, "queuePosition" | "cooldownMs">

/** Adds up the waits for a free worker and for the room's earlier replies; at least the reply's own cool-down. */
function estimate(
  { capacity, mean_ms, unfinished }: WorkerLoad,
  { queuePosition, cooldownMs }: Waiting,
  usualMs: number,
): number | null {
  if (capacity === 0) return null
  const turns = Math.max(0, unfinished - capacity + 1) / capacity + queuePosition
  return Math.max(cooldownMs, Math.round(turns * (mean_ms ?? usualMs)))
}

const loadSql = (timing: Timing) => `
  SELECT count(*)::int AS workers, coalesce(sum(concurrency), 0)::int AS capacity, avg(mean_ms)::float8 AS mean_ms,
    (SELECT count(*)::int FROM chatrooms WHERE active_reply_id IS NOT NULL) AS unfinished
  FROM workers WHERE ${aliveSql(timing)}`
