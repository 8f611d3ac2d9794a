import { createTurnClock } from "../../src/utils/time.ts"

const TICK_MS = 50

/** What passes between two looks and is more than a busy loop, or a collection of garbage, takes. */
const MOST_MS = 250

let look: (() => number) | undefined

/**
 * A clock that stands still while the whole process does: what the system gives to others, for a second or five on a
 * busy machine, is not held against what this process was to do in time.
 * @returns milliseconds from some moment on
 */
export function awakeMs(): number {
  look ??= startLooking()
  return look()
}

function startLooking(): () => number {
  const clock = createTurnClock(MOST_MS)
  setInterval(clock, TICK_MS).unref()
  return clock
}
