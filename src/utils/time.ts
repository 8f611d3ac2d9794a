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
