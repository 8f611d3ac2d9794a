import type { Logger } from "../../config/logger.ts"
import { Slots } from "../../utils/slots.ts"

/** Work that outlives the request that started it. It is best effort: anything that must happen is also in the database. */
export interface Background {
  /** Starts `work`. A failure is logged under `what`, never thrown. */
  run(what: string, work: () => Promise<unknown>): void
  /** Waits until all work has ended. */
  drain(): Promise<void>
}

export function createBackground(log: Logger): Background {
  const running = new Slots<Promise<unknown>>()
  return {
    run(what, work) {
      const task = work()
        .catch((err: unknown) => log.warn({ err, what }, "background work failed"))
        .finally(() => remove())
      const remove = running.add(task)
    },
    async drain() {
      while (running.size > 0) await Promise.all(running)
    },
  }
}
