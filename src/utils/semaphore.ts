import pLimit from "p-limit"
import { Unavailable } from "./errors.ts"

/** Limits how many calls run at once and how many wait. */
export interface Semaphore {
  /** @throws {Unavailable} at once when too many are waiting */
  run<T>(work: () => Promise<T>): Promise<T>
}

/** Creates a semaphore with `running` permits and a queue of at most `waiting` calls, first come, first served. */
export function createSemaphore({ running, waiting }: { running: number; waiting: number }): Semaphore {
  const limit = pLimit(running)
  return {
    async run(work) {
      if (limit.activeCount + limit.pendingCount >= running + waiting) throw new Unavailable()
      return limit(work)
    },
  }
}
