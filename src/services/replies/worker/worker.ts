import { type Job, UnrecoverableError } from "bullmq"
import { newId } from "../../../utils/ids.ts"
import type { Loop } from "../../../utils/loop.ts"
import { pause, SECOND } from "../../../utils/time.ts"
import type { MessageKey } from "../../chat/message-record.ts"
import type { Context } from "../../context.ts"
import { cleanUp } from "../../maintenance/clean-up.ts"
import { beat, retire } from "../../platform/heartbeat.ts"
import { type Delay, openJobWorker, PAUSABLE, type QueueStore, type Work } from "../../platform/job-queue.ts"
import { startWorkerLoop } from "../../platform/worker-loop.ts"
import { JobPayload, QUEUE_NAME } from "../accept/reply-queue.ts"
import { processReply, type Run } from "./process-reply.ts"
import { sweepReplies } from "./sweep.ts"
import { createTakeovers } from "./takeovers.ts"

const SWEEP_EVERY_MS = 0.5 * SECOND
const BEAT_EVERY_MS = 2 * SECOND
const CLEAN_EVERY_MS = 60 * SECOND

/** How long replies under way may take to finish when the worker stops; what is left is handed back to the queue. */
const FINISH_WITHIN_MS = 4 * SECOND

export interface ReplyWorker {
  /** Takes no new replies, lets those under way finish for a while, hands back the rest. */
  close(): Promise<void>
}

/**
 * Makes replies: jobs from the queue, and what the sweep finds.
 * @param onRound hears of every round of the loops that never take long, however it ended, and once at the start
 */
export async function startWorker(
  ctx: Context,
  store: QueueStore,
  onRound: (loop: string) => void = () => undefined,
): Promise<ReplyWorker> {
  const stopping = new AbortController()
  const pace: Pace = { meanMs: null, busy: 0 }
  const worker = createWorker(ctx, store, (job) => processJob(ctx, { job, pace }, stopping.signal))
  const takeovers = createTakeovers(ctx, stopping.signal, () => pace.busy)
  const workerId = newId()
  const every = (ms: number, what: string, round: () => Promise<unknown>) =>
    startWorkerLoop(ctx, ms, what, round)
  const watched = (ms: number, what: string, round: () => Promise<unknown>) => {
    onRound(what)
    return every(ms, what, () => round().finally(() => onRound(what)))
  }
  const loops: Loop[] = [
    // Apart: a queue that doesn't answer holds up the second, never the first.
    watched(SWEEP_EVERY_MS, "sweep of running replies", () => sweepReplies(ctx, "running", takeovers)),
    every(SWEEP_EVERY_MS, "sweep of waiting replies", () => sweepReplies(ctx, "queued", takeovers)),
    watched(BEAT_EVERY_MS, "heartbeat", () =>
      beat(ctx, { workerId, concurrency: ctx.config.worker.concurrency, meanMs: pace.meanMs }),
    ),
    every(CLEAN_EVERY_MS, "clean-up", () => cleanUp(ctx)),
  ]
  return {
    async close() {
      const closed = new AbortController()
      const swept = Promise.all(loops.map((loop) => loop.stop()))
      const closing = Promise.all([worker.close(), swept.then(() => takeovers.drain())]).finally(() =>
        closed.abort(),
      )
      await Promise.all([swept, pause(FINISH_WITHIN_MS, closed.signal)])
      stopping.abort()
      await closing
      await retire(ctx, workerId).catch(() => undefined)
    },
  }
}

interface Pace {
  /** What a reply has taken of late. */
  meanMs: number | null
  /** How many of the queue's are under way. */
  busy: number
}

/** How much the newest reply counts in the mean. */
const NEWEST_WEIGHT = 0.1

function createWorker(ctx: Context, store: QueueStore, work: Work<JobPayload>): { close(): Promise<void> } {
  const { concurrency } = ctx.config.worker
  // Calls are counted, not jobs: many a job finds its reply made.
  const limits = ctx.config.gemini.requestsPerMinute === null ? {} : PAUSABLE
  return openJobWorker<JobPayload>(QUEUE_NAME, store, ctx.log, work, { concurrency, ...limits })
}

/** May run twice for one reply, also at the same time: `processReply` lets one through. */
async function processJob(
  ctx: Context,
  { job, pace }: { job: Job<JobPayload>; pace: Pace },
  signal: AbortSignal,
): Promise<Delay | null> {
  const { userId, messageId } = JobPayload.parse(job.data)
  const startedAt = performance.now()
  pace.busy++
  const run = await countedRun(ctx, { userId, id: messageId }, signal).finally(() => {
    pace.busy--
  })
  switch (run.outcome) {
    case "finished": {
      const tookMs = performance.now() - startedAt
      pace.meanMs = pace.meanMs === null ? tookMs : pace.meanMs + NEWEST_WEIGHT * (tookMs - pace.meanMs)
      return null
    }
    case "retry":
      throw run.failure
    case "failed":
      throw new UnrecoverableError(run.failure.code)
    case "later":
      // The others would only be claimed to find no call left. Where the queue doesn't answer they are.
      if (run.forAll) await ctx.queue.pause(run.inMs).catch(() => undefined)
      return { inMs: run.inMs }
    case "nothing-to-do":
      return null
  }
}

async function countedRun(ctx: Context, reply: MessageKey, signal: AbortSignal): Promise<Run> {
  const { jobs, workerBusy } = ctx.metrics
  workerBusy.inc()
  try {
    const run = await processReply(ctx, reply, signal)
    jobs.inc({ outcome: run.outcome })
    return run
  } catch (error) {
    jobs.inc({ outcome: "error" })
    throw error
  } finally {
    workerBusy.dec()
  }
}
