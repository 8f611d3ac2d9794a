import pLimit from "p-limit"
import { Unavailable } from "./errors.ts"

export interface FairQueueOptions {
  /** Calls that run at once. */
  running: number
  /** Calls of one key that may wait, and calls of all keys. */
  waitingPerKey: number
  waiting: number
  /** How long a call may wait. */
  waitMs: number
}

/** Shares few permits fairly: the keys that wait take turns, and the calls of one key keep their order. */
export interface FairQueue {
  /** @throws {Unavailable} at once when too many calls wait, later when this one has waited for too long */
  run<T>(key: string, work: () => Promise<T>): Promise<T>
}

interface Waiting {
  start(): Promise<void>
}

export function createFairQueue({ running, waitingPerKey, waiting, waitMs }: FairQueueOptions): FairQueue {
  const permits = pLimit(running)
  const lines = new Map<string, Waiting[]>()

  /** Takes the first call of the key whose turn it is, and puts the key behind all others. */
  function takeNext(): Waiting | undefined {
    const [key, line] = lines.entries().next().value ?? []
    if (key === undefined || !line) return undefined
    const next = line.shift()
    lines.delete(key)
    if (line.length > 0) lines.set(key, line)
    return next
  }

  function leave(key: string, call: Waiting): boolean {
    const line = lines.get(key) ?? []
    const index = line.indexOf(call)
    if (index < 0) return false
    line.splice(index, 1)
    if (line.length === 0) lines.delete(key)
    return true
  }

  return {
    async run<T>(key: string, work: () => Promise<T>): Promise<T> {
      const line = lines.get(key) ?? []
      if (line.length >= waitingPerKey || permits.pendingCount >= waiting) throw new Unavailable()
      const { promise, resolve, reject } = Promise.withResolvers<T>()
      const call = {
        start: () => {
          clearTimeout(timer)
          return work().then(resolve, reject)
        },
      }
      const timer = setTimeout(() => leave(key, call) && reject(new Unavailable()), waitMs)
      line.push(call)
      lines.set(key, line)
      // There are as many of these as calls, or more once calls have left. Each takes whichever call is next.
      void permits(async () => takeNext()?.start())
      return promise
    },
  }
}
