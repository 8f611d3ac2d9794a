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
  let sum = 0
  let last = performance.now()
  const lookOnce = () => {
    const now = performance.now()
    sum += Math.min(now - last, MOST_MS)
    last = now
    return sum
  }
  setInterval(lookOnce, TICK_MS).unref()
  return lookOnce
}
