/** Milliseconds, so that `10 * MINUTE` reads as what it is. */
export const SECOND = 1_000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

/**
 * Resolves after `ms` milliseconds, or as soon as `signal` aborts: the caller looks at the signal.
 * The timer does not keep the process alive.
 */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const end = () => {
      clearTimeout(timer)
      signal?.removeEventListener("abort", end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    timer.unref()
    signal?.addEventListener("abort", end, { once: true })
  })
}

/**
 * A clock, in milliseconds, of which no more than `mostMs` pass between two looks. While a process stands still it
 * hears no answer, also one that has come, so a long pause must not count as another's silence; the short ones of a
 * busy process do.
 */
export function createTurnClock(mostMs: number): () => number {
  let sumMs = 0
  let lookedAt = performance.now()
  return () => {
    const now = performance.now()
    sumMs += Math.min(now - lookedAt, mostMs)
    lookedAt = now
    return sumMs
  }
}
