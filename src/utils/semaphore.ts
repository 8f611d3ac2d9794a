import { Unavailable } from "./errors.ts"

/** Lets a few works run at a time, and a bounded number wait. */
export interface Semaphore {
  /** @throws {Unavailable} at once, when too many wait already */
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

  /** Who waits takes over the place; without anybody it becomes free. */
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
