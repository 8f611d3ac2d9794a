import type { Database } from "../../../config/database.ts"
import type { CompleteConfig } from "../../../config/env.ts"
import type { Logger } from "../../../config/logger.ts"
import type { Timing } from "../../../config/timing.ts"
import { type Loop, startLoop } from "../../../utils/loop.ts"
import type { MessageRecord } from "../../chat/message-record.ts"
import { aliveSql } from "../../platform/heartbeat.ts"

/** Estimates how long queued replies will wait, from the recent throughput of the workers and their models' cool-downs. */
export interface WaitEstimator {
  start(): void
  /** Returns ms; null while no worker is alive or before the first read. */
  waitMs(reply: Waiting): number | null
  /** Returns what was read last. */
  load(): WorkerLoad | null
  close(): Promise<void>
}

type GeminiConfig = Pick<CompleteConfig["gemini"], "model" | "fallbackModels">

export function createWaitEstimator(
  db: Database,
  gemini: GeminiConfig,
  timing: Timing,
  log: Logger,
): WaitEstimator {
  let seen: WorkerLoad | null = null
  let seenAt = 0
  let loop: Loop | undefined
  const read = async () => {
    const { rows } = await db.execute<WorkerLoad>("worker-load", loadSql(timing))
    seen = rows[0] ?? null
    seenAt = performance.now()
  }
  return {
    start() {
      loop = startLoop(timing.replies.estimateMs, read, (err) => log.debug({ err }, "worker load not read"))
    },
    waitMs(reply) {
      if (!seen) return null
      const modelMs = waitForModel(seen, [reply.model ?? gemini.model, ...gemini.fallbackModels], seenAt)
      return estimate(seen, { ...reply, modelMs }, timing.replies.usualReplyMs)
    },
    load: () => seen,
    close: async () => loop?.stop(),
  }
}

interface WorkerLoad {
  workers: number
  capacity: number
  mean_ms: number | null
  unfinished: number
  /** Of the workers that can't call every model: for how long each, counted from the reading. */
  cooldowns: Record<string, number>[]
}

type Waiting = Pick<MessageRecord, "model" | "queuePosition" | "cooldownMs">

/**
 * Returns the mean, over the workers, of the wait for the first of `models` that may be called: any of them may take
 * the reply, and each leaves a model alone on its own.
 */
function waitForModel({ workers, cooldowns }: WorkerLoad, models: readonly string[], readAt: number): number {
  const passedMs = performance.now() - readAt
  const waits = cooldowns.map((ms) =>
    Math.max(0, Math.min(...models.map((model) => ms[model] ?? 0)) - passedMs),
  )
  return waits.reduce((sum, ms) => sum + ms, 0) / Math.max(1, workers)
}

/** Adds up the waits for a free worker and for the room's earlier replies; at least the cool-downs of reply and model. */
function estimate(
  { capacity, mean_ms, unfinished }: WorkerLoad,
  { queuePosition, cooldownMs, modelMs }: Waiting & { modelMs: number },
  usualMs: number,
): number | null {
  if (capacity === 0) return null
  const turns = Math.max(0, unfinished - capacity + 1) / capacity + queuePosition
  return Math.round(Math.max(cooldownMs, modelMs, turns * (mean_ms ?? usualMs)))
}

const loadSql = (timing: Timing) => `
  SELECT count(*)::int AS workers, coalesce(sum(concurrency), 0)::int AS capacity, avg(mean_ms)::float8 AS mean_ms,
    (SELECT count(*)::int FROM chatrooms WHERE active_reply_id IS NOT NULL) AS unfinished,
    coalesce(jsonb_agg((
      SELECT jsonb_object_agg(key, value::float8 - extract(epoch FROM now() - seen_at) * 1000)
      FROM jsonb_each_text(cooldowns)
    )) FILTER (WHERE cooldowns <> '{}'), '[]') AS cooldowns
  FROM workers WHERE ${aliveSql(timing)}`
