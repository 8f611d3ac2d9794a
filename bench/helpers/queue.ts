import { Queue } from "bullmq"
import { Redis } from "ioredis"
import { OnPostgres } from "../../src/services/generation/queue.ts"
import type { Site } from "./site.ts"

/** A look into a BullMQ queue from outside. */
export interface QueueView extends AsyncDisposable {
  /** Resolves when so many jobs wait. */
  untilHolds(jobs: number): Promise<void>
  empty(): Promise<void>
}

/** Asks often: an answer that comes late would count as work. */
const ASK_EVERY_MS = 5
const PATIENCE_MS = 60_000

export function viewQueue({ env }: Site, name: string): QueueView {
  const { REDIS_URL: url, DATABASE_URL: connectionString } = env
  const redis = url ? new Redis(url, { maxRetriesPerRequest: null }) : null
  const queue = redis
    ? new Queue(name, { connection: redis })
    : new OnPostgres.Queue(name, { connection: { connectionString, max: 1 } })
  return {
    async untilHolds(jobs) {
      for (const deadline = Date.now() + PATIENCE_MS; (await queue.getWaitingCount()) < jobs; ) {
        if (Date.now() > deadline) throw new Error(`${name} doesn't get the ${jobs} jobs that were promised.`)
        await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS))
      }
    },
    empty: () => queue.obliterate({ force: true, count: 100_000 }),
    async [Symbol.asyncDispose]() {
      await queue.close()
      redis?.disconnect()
    },
  }
}
