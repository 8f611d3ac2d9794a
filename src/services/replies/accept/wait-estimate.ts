import type { Database } from "../../../config/database.ts"
import type { Logger } from "../../../config/logger.ts"
import type { Timing } from "../../../config/timing.ts"
import { type Loop, startLoop } from "../../../utils/loop.ts"
import type { MessageRecord } from "../../chat/message-record.ts"
import { aliveSql } from "../../platform/heartbeat.ts"

/** How long a queued reply will wait, by what the workers have been doing lately. */
export interface WaitEstimator {
  start(): void
  /** In ms; null while no worker is there, or before the first look. */
  waitMs(reply: Waiting): number | null
  /** What the last look saw. */
  load(): WorkerLoad | null
  close(): Promise<void>
}

export function createWaitEstimator(db: Database, timing: Timing, log: Logger): WaitEstimator {
  let seen: WorkerLoad | null = null
  let loop: Loop | undefined
  const look = async () => {
    const { rows } = await db.execute<WorkerLoad>("outlook", lookSql(timing))
    seen = rows[0] ?? null
  }
  return {
    start() {
      loop = startLoop(timing.replies.estimateMs, look, (err) => log.debug({ err }, "outlook not read"))
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

/** For a worker to be free, for the room's earlier replies, and no less than its own rest. */
function estimate(
  { capacity, mean_ms, unfinished }: WorkerLoad,
  { queuePosition, cooldownMs }: Waiting,
  usualMs: number,
): number | null {
  if (capacity === 0) return null
  const turns = Math.max(0, unfinished - capacity + 1) / capacity + queuePosition
  return Math.max(cooldownMs, Math.round(turns * (mean_ms ?? usualMs)))
}

const lookSql = (timing: Timing) => `
  SELECT count(*)::int AS workers, coalesce(sum(concurrency), 0)::int AS capacity, avg(mean_ms)::float8 AS mean_ms,
    (SELECT count(*)::int FROM chatrooms WHERE active_reply_id IS NOT NULL) AS unfinished
  FROM workers WHERE ${aliveSql(timing)}`
