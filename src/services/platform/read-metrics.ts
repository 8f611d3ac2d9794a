import { withTimeout } from "../../utils/with-timeout.ts"
import type { Context } from "../context.ts"
import { freeDisk } from "./disk.ts"
import { VERSION } from "./version.ts"

/** Renders all metrics of this process in Prometheus's text format, after reading the gauges that aren't kept current. */
export async function readMetrics(ctx: Context): Promise<{ text: string; type: string }> {
  const { registry, build, openStreams } = ctx.metrics
  build.set({ version: VERSION, node: process.version, role: ctx.config.role }, 1)
  openStreams.set(ctx.streamLimit.count())
  readPools(ctx)
  readWaitEstimator(ctx)
  if (ctx.redis) ctx.metrics.storeUp.set({ store: "redis" }, ctx.redis.client.status === "ready" ? 1 : 0)
  await Promise.all([readQueues(ctx), readDisk(ctx)])
  return { text: await registry.metrics(), type: registry.contentType }
}

function readPools({ db, metrics, promptBatches }: Context): void {
  const { poolConnections, poolWaiting } = metrics
  const { totalCount, idleCount, waitingCount } = db.pool
  poolConnections.set({ pool: "statements", state: "busy" }, totalCount - idleCount)
  poolConnections.set({ pool: "statements", state: "idle" }, idleCount)
  poolWaiting.set({ pool: "statements" }, waitingCount + promptBatches.waiting())
}

function readWaitEstimator({ waitEstimator, metrics }: Context): void {
  const seen = waitEstimator.load()
  if (!seen) return
  metrics.unfinished.set(seen.unfinished)
  metrics.workers.set(seen.workers)
  metrics.capacity.set(seen.capacity)
}

async function readQueues({ queue, billingQueue, metrics, timing }: Context): Promise<void> {
  const read = (counts: Promise<Record<string, number>>) =>
    withTimeout(timing.platform.countTimeoutMs, counts).catch(() => ({}))
  const [replies, billing] = await Promise.all([read(queue.counts()), read(billingQueue.counts())])
  // Without a response there is no value: an old one would look like a queue that has stalled.
  metrics.queueJobs.reset()
  for (const [name, counts] of Object.entries({ replies, billing })) {
    for (const [state, count] of Object.entries(counts)) metrics.queueJobs.set({ queue: name, state }, count)
  }
}

async function readDisk(ctx: Context): Promise<void> {
  const free = await freeDisk(ctx)
  if (free !== null) ctx.metrics.diskFree.set({ folder: "data" }, free)
}
