/** Resolves after `ms`, or at once when `signal` aborts. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal?.removeEventListener("abort", done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal?.addEventListener("abort", done, { once: true })
    if (signal?.aborted) done()
  })
}

const LONGEST_WAIT_MS = 10_000

/** The wait after the `failures`-th failure in a row: it doubles, with chance in it, so that clients don't come back as one. */
export function backoffMs(failures: number, firstWaitMs: number): number {
  return Math.min(LONGEST_WAIT_MS, firstWaitMs * 2 ** failures) * (0.5 + Math.random() / 2)
}
