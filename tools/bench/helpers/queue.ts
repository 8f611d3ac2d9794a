import { Queue } from "bullmq"
import { Redis } from "ioredis"
import { OnPostgres } from "../../../src/services/platform/queue-store.ts"
import type { Site } from "./site.ts"

/** A look into a BullMQ queue from outside. */
export interface QueueView extends AsyncDisposable {
  /**
   * Resolves when `expected` jobs wait, or when no more come: a server may leave some for later, to a sweep.
   * @returns how many there are, and when (`performance.now()`) the last was seen to come
   */
  settled(expected: number): Promise<{ jobs: number; at: number }>
  empty(): Promise<void>
}

/** Asks often: an answer that comes late would count as work. */
const ASK_EVERY_MS = 5
const QUIET_MS = 1_000

export function viewQueue({ env }: Site, name: string): QueueView {
  const { REDIS_URL: url, DATABASE_URL: connectionString } = env
  const redis = url ? new Redis(url, { maxRetriesPerRequest: null }) : null
  const queue = redis
    ? new Queue(name, { connection: redis })
    : new OnPostgres.Queue(name, { connection: { connectionString, max: 1 } })
  return {
    async settled(expected) {
      let last = { jobs: 0, at: performance.now() }
      while (last.jobs < expected && performance.now() - last.at < QUIET_MS) {
        const jobs = await queue.getJobCountByTypes("waiting", "prioritized")
        if (jobs > last.jobs) last = { jobs, at: performance.now() }
        else await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS))
      }
      return last
    },
    empty: () => queue.obliterate({ force: true, count: 100_000 }),
    async [Symbol.asyncDispose]() {
      await queue.close()
      redis?.disconnect()
    },
  }
}
