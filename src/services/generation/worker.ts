import { DelayedError, type Job, UnrecoverableError, Worker, type WorkerOptions } from "bullmq"
import { connect } from "../../config/redis.ts"
import { newId } from "../../utils/ids.ts"
import { type Loop, startLoop } from "../../utils/loop.ts"
import { MINUTE, pause, SECOND } from "../../utils/time.ts"
import type { Context } from "../context.ts"
import { cleanUp } from "../platform/clean-up.ts"
import { beat, retire } from "../platform/heartbeat.ts"
import { JobPayload, OnPostgres, QUEUE_NAME, type QueueStore } from "./queue.ts"
import { runGeneration } from "./run-generation.ts"
import { sweepReplies } from "./sweep.ts"

const SWEEP_EVERY_MS = 0.5 * SECOND
const BEAT_EVERY_MS = 2 * SECOND
const CLEAN_EVERY_MS = 60 * SECOND

/** How long replies under way may take to finish when the worker stops; what is left is handed back to the queue. */
const FINISH_WITHIN_MS = 4 * SECOND

/** A killed worker's jobs are free again after a lock and a check: 6.4 s in the middle, measured. Leases are quicker. */
const QUEUE_OPTIONS = {
  lockDuration: 6 * SECOND,
  stalledInterval: 3 * SECOND,
  // The rows decide when a reply has failed; how often its workers died is for them to count.
  maxStalledCount: 1_000,
  // A worker that waits for its rate limit doesn't hear that it is to stop.
  maximumRateLimitDelay: 1 * SECOND,
} satisfies Partial<WorkerOptions>

export interface GenerationWorker {
  /** Takes no new replies, lets those under way finish for a while, hands back the rest. */
  close(): Promise<void>
}

/** Makes replies: jobs from the queue, and what the sweep finds. */
export async function startWorker(ctx: Context, store: QueueStore): Promise<GenerationWorker> {
  const stopping = new AbortController()
  const pace: Pace = { meanMs: null }
  const worker = createWorker(ctx, store, (job, token) =>
    processJob(ctx, { job, token, pace }, stopping.signal),
  )
  const workerId = newId()
  const every = (ms: number, what: string, round: () => Promise<unknown>) =>
    startLoop(ms, round, (err) => ctx.log.warn({ err }, `${what} failed`))
  const loops: Loop[] = [
    every(SWEEP_EVERY_MS, "sweep", () => sweepReplies(ctx)),
    every(BEAT_EVERY_MS, "heartbeat", () =>
      beat(ctx, { workerId, concurrency: ctx.config.worker.concurrency, meanMs: pace.meanMs }),
    ),
    every(CLEAN_EVERY_MS, "clean-up", () => cleanUp(ctx)),
  ]
  return {
    async close() {
      const closed = new AbortController()
      const closing = worker.close().finally(() => closed.abort())
      await Promise.all([...loops.map((loop) => loop.stop()), pause(FINISH_WITHIN_MS, closed.signal)])
      stopping.abort()
      await closing
      await retire(ctx, workerId).catch(() => undefined)
    },
  }
}

/** What a reply has taken of late. */
interface Pace {
  meanMs: number | null
}

/** How much the newest reply counts in the mean. */
const NEWEST_WEIGHT = 0.1

type Process = (job: Job<JobPayload>, token?: string) => Promise<void>

function createWorker(
  ctx: Context,
  { redisUrl, databaseUrl }: QueueStore,
  process: Process,
): { close(): Promise<void> } {
  const { concurrency } = ctx.config.worker
  const { requestsPerMinute } = ctx.config.gemini
  const limiter = requestsPerMinute ? { limiter: { max: requestsPerMinute, duration: MINUTE } } : {}
  const options = { concurrency, ...limiter, ...QUEUE_OPTIONS }
  const onError = (err: Error) => ctx.log.debug({ err }, "queue connection lost")
  if (!redisUrl) {
    const connection = { connectionString: databaseUrl, max: 4 }
    return new OnPostgres.Worker<JobPayload, void>(QUEUE_NAME, process, { connection, ...options }).on(
      "error",
      onError,
    )
  }
  const connection = connect(redisUrl, ctx.log, { maxRetriesPerRequest: null })
  const worker = new Worker<JobPayload, void>(QUEUE_NAME, process, { connection, ...options }).on(
    "error",
    onError,
  )
  return {
    async close() {
      await worker.close()
      connection.disconnect()
    },
  }
}

/** May run twice for one reply, also at the same time: `runGeneration` lets one through. */
async function processJob(
  ctx: Context,
  { job, token, pace }: { job: Job<JobPayload>; token: string | undefined; pace: Pace },
  signal: AbortSignal,
): Promise<void> {
  const { messageId } = JobPayload.parse(job.data)
  const startedAt = performance.now()
  const run = await runGeneration(ctx, messageId, signal)
  switch (run.outcome) {
    case "finished": {
      const tookMs = performance.now() - startedAt
      pace.meanMs = pace.meanMs === null ? tookMs : pace.meanMs + NEWEST_WEIGHT * (tookMs - pace.meanMs)
      return
    }
    case "retry":
      throw run.failure
    case "failed":
      throw new UnrecoverableError(run.failure.code)
    case "later":
      await job.moveToDelayed(Date.now() + run.inMs, token)
      throw new DelayedError()
  }
}
