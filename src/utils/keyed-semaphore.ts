import pLimit from "p-limit"
import { RateLimited } from "./errors.ts"

/** Limits, for each key, how many calls run at once and how many wait. */
export interface KeyedSemaphore {
  /** @throws {RateLimited} at once when too many of the key's calls wait */
  run<T>(key: string, work: () => Promise<T>): Promise<T>
}

const RETRY_SECONDS = 1

/** Creates a semaphore with `running` permits and a queue of at most `waiting` calls for each key. */
export function createKeyedSemaphore({
  running,
  waiting,
}: {
  running: number
  waiting: number
}): KeyedSemaphore {
  const byKey = new Map<string, { limit: ReturnType<typeof pLimit>; calls: number }>()
  return {
    async run(key, work) {
      const own = byKey.get(key) ?? { limit: pLimit(running), calls: 0 }
      if (own.calls >= running + waiting) throw new RateLimited(RETRY_SECONDS)
      byKey.set(key, own)
      own.calls++
      try {
        return await own.limit(work)
      } finally {
        own.calls--
        if (own.calls === 0) byKey.delete(key)
      }
    },
  }
}
