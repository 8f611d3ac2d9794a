import {
  DelayedError,
  type Job,
  type Processor,
  UnrecoverableError,
  type Worker,
  type WorkerOptions,
} from "bullmq"
import { QUEUE_CONNECTIONS } from "../../config/limits.ts"
import type { Timing } from "../../config/timing.ts"
import { startLoop } from "../../utils/loop.ts"
import { pause } from "../../utils/time.ts"
import type { Context } from "../context.ts"
import { logConnectionErrors, openQueueConnection, type QueueStore } from "./queue-store.ts"

/** Asks for the job to run again later, without counting a failure. */
export interface Delay {
  inMs: number
}

/** Processes one job. It never calls the queue, so that a worker can stop while the store is down. */
export type Work<T> = (job: Job<T>) => Promise<Delay | null>

/** Options of a worker that honors `JobQueue.pause`: BullMQ checks it only where a limit is set, so this one is never reached. */
export const pausable = ({ queue }: Timing) => ({
  limiter: { max: 1_000_000_000, duration: queue.limiterMs },
})

/**
 * Runs `work` for the jobs of queue `name`. Starts when the store takes a connection, and starts over when it rejects
 * the worker's commands. Closing waits for the jobs in flight, even while the store is down.
 */
export function openJobWorker<T extends object>(
  name: string,
  { queueStore: store, timing, log }: Pick<Context, "queueStore" | "timing" | "log">,
  work: Work<T>,
  options: Omit<WorkerOptions, "connection">,
): { close(): Promise<void> } {
  const inFlight = trackInFlight(work)
  const processor = toProcessor(inFlight.work)
  const stopping = new AbortController()
  /** Workers that take no jobs any more and finish those in flight. */
  const closings = new Set<Promise<void>>()

  /** Runs one worker until it fails or is stopped. */
  async function runOnce(): Promise<void> {
    // A pool for each: one that has failed keeps a connection until its jobs in flight have ended.
    const own = { connections: QUEUE_CONNECTIONS.worker, timing: timing.postgres }
    const connection = openQueueConnection(store, log, { maxRetriesPerRequest: null, own })
    try {
      await connection.connected()
    } catch (error) {
      await connection.close()
      throw error
    }
    const worker = new connection.classes.Worker<T, void>(name, processor, {
      ...connection.options,
      ...workerOptions(timing.queue),
      ...options,
    })
    const end = () => {
      const closed = worker.close()
      // While Redis is down, BullMQ waits for it without end.
      const ended = store.redisUrl ? Promise.race([closed, inFlight.ended(timing.shutdown.jobsMs)]) : closed
      const closing = ended.then(() => connection.close())
      closings.add(closing)
      void closing.catch(() => undefined).finally(() => closings.delete(closing))
    }
    await untilFailure(worker.on("error", logConnectionErrors(log)), store, stopping.signal).finally(end)
  }

  const loop = startLoop(timing.queue.reopenMs, runOnce, (err) =>
    log.warn({ err, queue: name }, "worker failed"),
  )
  return {
    async close() {
      stopping.abort()
      await loop.stop()
      await Promise.all(closings)
    },
  }
}

/** Rejects with the first error that would repeat: BullMQ asks again at once, and forever after a failed connect. */
function untilFailure(
  worker: Pick<Worker, "on" | "waitUntilReady">,
  { redisUrl }: QueueStore,
  stopping: AbortSignal,
): Promise<void> {
  const isRepeated = redisUrl ? isRejectedByRedis : isRejectedByPostgres
  const settled = new AbortController()
  return new Promise<void>((resolve, reject) => {
    // Removed when this settles: `stopping` lives as long as the process and would keep every worker that failed.
    stopping.addEventListener("abort", () => resolve(), { once: true, signal: settled.signal })
    if (stopping.aborted) resolve()
    worker.on("error", (error) => isRepeated(error) && reject(error))
    if (!redisUrl) worker.waitUntilReady().catch(reject)
  }).finally(() => settled.abort())
}

/** ioredis reconnects by itself. */
function isRejectedByRedis(error: Error): boolean {
  return error.name === "ReplyError"
}

/** BullMQ's own errors, about one job, have a number. SQLSTATE class 40 asks to try again. */
function isRejectedByPostgres(error: Error): boolean {
  const { code } = error as { code?: unknown }
  return typeof code === "string" && !code.startsWith("40")
}

const workerOptions = ({ lockMs, stalledCheckMs, longestPauseMs }: Timing["queue"]) =>
  ({
    lockDuration: lockMs,
    stalledInterval: stalledCheckMs,
    // Our rows count the attempts and decide when one is the last. BullMQ must not decide earlier.
    maxStalledCount: 1_000,
    maximumRateLimitDelay: longestPauseMs,
  }) satisfies Omit<WorkerOptions, "connection">

/**
 * Translates a failure to its code or name. BullMQ stores an error's message and stack where others read them, and
 * keeps them in its event log, while a provider's or a database's message may quote a prompt, a phone number or a key.
 */
function toProcessor<T>(work: Work<T>): Processor<T, void> {
  return async (job, token) => {
    try {
      const delay = await work(job)
      if (!delay) return
      await job.moveToDelayed(Date.now() + delay.inMs, token)
      throw new DelayedError()
    } catch (error) {
      // BullMQ recognizes these by their class.
      if (error instanceof DelayedError || error instanceof UnrecoverableError) throw error
      const { code, name } = error as { code?: unknown; name?: unknown }
      throw new Error(String(code ?? name))
    }
  }
}

/** Keeps track of the calls of `work` that are in flight. */
function trackInFlight<T>(work: Work<T>): { work: Work<T>; ended(quietMs: number): Promise<void> } {
  const running = new Set<Promise<unknown>>()
  return {
    async work(job) {
      const run = work(job)
      running.add(run)
      return run.finally(() => running.delete(run))
    },
    /** Resolves when no call was in flight for `quietMs`: a job that was just fetched still runs. */
    async ended(quietMs) {
      do {
        await Promise.allSettled(running)
        await pause(quietMs)
      } while (running.size > 0)
    },
  }
}
