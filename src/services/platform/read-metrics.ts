import { withTimeout } from "../../utils/with-timeout.ts"
import type { Context } from "../context.ts"
import { freeDisk } from "./disk.ts"
import { VERSION } from "./version.ts"

/** All metrics of this process in Prometheus's text format; what is only known when asked for is looked up first. */
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
  const models = modelPool(db.sequelize)
  poolConnections.set({ pool: "models", state: "busy" }, models.using)
  poolConnections.set({ pool: "models", state: "idle" }, models.available)
  poolWaiting.set({ pool: "models" }, models.waiting)
}

/** Sequelize's typings don't know its pool, which is a sequelize-pool. */
function modelPool(sequelize: Context["db"]["sequelize"]) {
  type Pool = { using: number; available: number; waiting: number }
  return (sequelize.connectionManager as unknown as { pool: Pool }).pool
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
  // Without an answer there is no figure: an old one would look like a queue that stands still.
  metrics.queueJobs.reset()
  for (const [name, counts] of Object.entries({ replies, billing })) {
    for (const [state, count] of Object.entries(counts)) metrics.queueJobs.set({ queue: name, state }, count)
  }
}

async function readDisk(ctx: Context): Promise<void> {
  const free = await freeDisk(ctx)
  if (free !== null) ctx.metrics.diskFree.set({ folder: "data" }, free)
}
