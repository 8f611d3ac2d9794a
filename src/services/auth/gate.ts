import { Unavailable } from "../../utils/errors.ts"

/** Lets a few works run at a time, and a bounded number wait. */
export interface Gate {
  /** @throws {Unavailable} at once, when too many wait already */
  run<T>(work: () => Promise<T>): Promise<T>
}

export function createGate({ running, waiting }: { running: number; waiting: number }): Gate {
  const queue: (() => void)[] = []
  let busy = 0

  async function enter(): Promise<void> {
    if (busy < running) {
      busy++
      return
    }
    if (queue.length >= waiting) throw new Unavailable()
    await new Promise<void>((resolve) => queue.push(resolve))
  }

  /** Who waits takes over the place; without anybody it becomes free. */
  function leave(): void {
    const next = queue.shift()
    if (next) next()
    else busy--
  }

  return {
    async run(work) {
      await enter()
      try {
        return await work()
      } finally {
        leave()
      }
    },
  }
}
