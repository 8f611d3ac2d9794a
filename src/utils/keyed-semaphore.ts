import pLimit from "p-limit"
import { RateLimited } from "./errors.ts"

/** Limits, for each key, how many calls run at once and how many wait. */
export interface KeyedSemaphore {
  /**
   * @param mayRefuse unless false, a call is refused when too many of the key's calls wait
   * @throws {RateLimited} at once
   */
  run<T>(key: string, work: () => Promise<T>, options?: { mayRefuse?: boolean }): Promise<T>
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
    async run(key, work, { mayRefuse = true } = {}) {
      const own = byKey.get(key) ?? { limit: pLimit(running), calls: 0 }
      if (mayRefuse && own.calls >= running + waiting) throw new RateLimited(RETRY_SECONDS)
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
