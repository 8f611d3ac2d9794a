import { Unavailable } from "./errors.ts"

/** Limits how many calls run at once and how many wait. */
export interface Semaphore {
  /** @throws {Unavailable} at once when too many are waiting */
  run<T>(work: () => Promise<T>): Promise<T>
}

export function createSemaphore({ running, waiting }: { running: number; waiting: number }): Semaphore {
  const queue: (() => void)[] = []
  let busy = 0

  async function acquire(): Promise<void> {
    if (busy < running) {
      busy++
      return
    }
    if (queue.length >= waiting) throw new Unavailable()
    await new Promise<void>((resolve) => queue.push(resolve))
  }

  /** Hands the permit to the next in line, if any. */
  function release(): void {
    const next = queue.shift()
    if (next) next()
    else busy--
  }

  return {
    async run(work) {
      await acquire()
      try {
        return await work()
      } finally {
        release()
      }
    },
  }
}
