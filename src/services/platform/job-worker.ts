import { DelayedError, type Job, type Processor, UnrecoverableError, type WorkerOptions } from "bullmq"
import type { Timing } from "../../config/timing.ts"
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

/** Runs `work` for the jobs of queue `name`. Closing waits for the jobs in flight, even while the store is down. */
export function openJobWorker<T extends object>(
  name: string,
  store: QueueStore,
  { timing, log }: Pick<Context, "timing" | "log">,
  work: Work<T>,
  options: Omit<WorkerOptions, "connection">,
): { close(): Promise<void> } {
  // One of the pool's connections listens for new jobs.
  const connection = openQueueConnection(store, log, { poolSize: 5, maxRetriesPerRequest: null })
  const inFlight = trackInFlight(work)
  const worker = new connection.classes.Worker<T, void>(name, toProcessor(inFlight.work), {
    ...connection.options,
    ...workerOptions(timing.queue),
    ...options,
  }).on("error", logConnectionErrors(log))
  return {
    async close() {
      const closed = worker.close()
      // While Redis is down, BullMQ waits for it without end.
      await (store.redisUrl ? Promise.race([closed, inFlight.ended(timing.shutdown.jobsMs)]) : closed)
      await connection.close()
    },
  }
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
