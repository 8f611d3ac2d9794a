import { Slots } from "../../utils/slots.ts"

/** One timer for all streams of the process: thousands of their own would cost more than what they do. */
export interface StreamTicks {
  /** @returns a function that ends the calls */
  add(tick: () => void): () => void
  close(): void
}

export function createStreamTicks(everyMs: number): StreamTicks {
  const ticks = new Slots<() => void>()
  const timer = setInterval(() => {
    for (const tick of ticks) tick()
  }, everyMs).unref()
  return {
    add: (tick) => ticks.add(tick),
    close: () => clearInterval(timer),
  }
}
