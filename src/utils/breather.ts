import { setImmediate } from "node:timers/promises"

/** Lets other work of the process have its turn in the middle of a long loop. */
export interface Breather {
  /** Whether it has been too long since the last turn. Cheap, so that it can be asked in every round. */
  isDue(): boolean
  take(): Promise<void>
}

const MOST_MS = 20

export function createBreather(): Breather {
  let since = performance.now()
  return {
    isDue: () => performance.now() - since > MOST_MS,
    async take() {
      await setImmediate()
      since = performance.now()
    },
  }
}
