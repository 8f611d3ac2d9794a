import { type Job, UnrecoverableError } from "bullmq"
import { newId } from "../../../utils/ids.ts"
import type { Loop } from "../../../utils/loop.ts"
import { pause } from "../../../utils/time.ts"
import { countActivity } from "../../admin/activity/count-activity.ts"
import type { MessageKey } from "../../chat/message-record.ts"
import type { Context } from "../../context.ts"
import { cleanUp } from "../../maintenance/clean-up.ts"
import { beat, retire } from "../../platform/heartbeat.ts"
import { type Delay, openJobWorker, pausable, type Work } from "../../platform/job-worker.ts"
import { startWorkerLoop } from "../../platform/worker-loop.ts"
import { createIndexer } from "../../search/index-texts.ts"
import { createImports } from "../../transfer/run-imports.ts"
import { JobPayload, QUEUE_NAME } from "../accept/reply-queue.ts"
import { createRoomTasks } from "../room-tasks/run-room-tasks.ts"
import { processReply, type Run } from "./process-reply.ts"
import { sweepReplies } from "./sweep.ts"
import { createTakeovers } from "./takeovers.ts"

export interface ReplyWorker {
  /** Takes no new replies, lets those in flight finish for a while, and hands back the others. */
  close(): Promise<void>
}

/**
 * Starts a worker, which makes the replies that the queue delivers and the sweep finds.
 * @param onRound called with the name of each loop that is never slow: once at the start and after every round,
 *   failed ones included
 */
export async function startWorker(
  ctx: Context,
  onRound: (loop: string) => void = () => undefined,
): Promise<ReplyWorker> {
  const { replies, roomTasks, search, imports: files, worker: own, shutdown } = ctx.timing
  const stopping = new AbortController()
  const pace: Pace = { meanMs: null, busy: 0 }
  const worker = createWorker(ctx, (job) => processJob(ctx, { job, pace }, stopping.signal))
  const takeovers = createTakeovers(ctx, stopping.signal, () => pace.busy)
  const tasks = createRoomTasks(ctx)
  const imports = createImports(ctx)
  const indexer = createIndexer(ctx)
  const workerId = newId()
  const every = (ms: number, what: string, round: () => Promise<unknown>) =>
    startWorkerLoop(ctx, ms, what, round)
  const watched = (ms: number, what: string, round: () => Promise<unknown>) => {
    onRound(what)
    return every(ms, what, () => round().finally(() => onRound(what)))
  }
  const loops: Loop[] = [
    // Two loops: a queue that doesn't answer delays the second, never the first.
    watched(replies.sweepMs, "sweep of running replies", () => sweepReplies(ctx, "running", takeovers)),
    every(replies.sweepMs, "sweep of waiting replies", () => sweepReplies(ctx, "queued", takeovers)),
    watched(own.heartbeatMs, "heartbeat", () =>
      beat(ctx, {
        workerId,
        concurrency: ctx.config.worker.concurrency,
        meanMs: pace.meanMs,
        cooldowns: readCooldowns(ctx),
      }),
    ),
    every(roomTasks.pollMs, "room tasks", () => tasks.begin()),
    every(files.pollMs, "imports", () => imports.begin()),
    every(search.indexMs, "search index", () => indexer.round()),
    every(own.activityMs, "counts of activity", () => countActivity(ctx)),
    every(own.cleanUpMs, "clean-up", () => cleanUp(ctx)),
  ]
  return {
    async close() {
      const closed = new AbortController()
      const swept = Promise.all(loops.map((loop) => loop.stop()))
      const closing = Promise.all([
        worker.close(),
        swept.then(() => takeovers.drain()),
        tasks.close(),
        imports.close(),
      ]).finally(() => closed.abort())
      await Promise.all([swept, pause(shutdown.repliesMs, closed.signal)])
      stopping.abort()
      await closing
      await retire(ctx, workerId).catch(() => undefined)
    },
  }
}

interface Pace {
  /** Mean duration of recent replies. */
  meanMs: number | null
  /** How many of the queue's jobs are in flight. */
  busy: number
}

/** Returns the models whose circuit is open in this process, each with the rest of its cool-down in ms. */
function readCooldowns({ config: { gemini }, circuitBreaker }: Context): Record<string, number> {
  const models = new Set([...gemini.models.map(({ name }) => name), gemini.model, ...gemini.fallbackModels])
  const cooldowns = [...models].map((model) => [model, Math.round(circuitBreaker.cooldownMs(model))] as const)
  return Object.fromEntries(cooldowns.filter(([, ms]) => ms > 0))
}

/** Weight of the newest reply in the mean. */
const NEWEST_WEIGHT = 0.1

function createWorker(ctx: Context, work: Work<JobPayload>): { close(): Promise<void> } {
  const { concurrency } = ctx.config.worker
  // The limit is on calls and not on BullMQ's jobs: some jobs find their reply made and call nothing.
  const limits = ctx.config.gemini.requestsPerMinute === null ? {} : pausable(ctx.timing)
  return openJobWorker<JobPayload>(QUEUE_NAME, ctx, work, { concurrency, ...limits })
}

/** May run twice for one reply, even at the same time: the claim lets one through. */
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
      // Other replies would be claimed only to find no call left, which is harmless if the queue can't be paused.
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
