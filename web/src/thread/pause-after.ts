/** Until the next frame may begin, after a drawing that leaves the reader's doing enough time: three frames. */
const QUICK_MS = 50

/** What takes longer than this is felt, so there is little of it. */
const FELT_MS = 100

const MOST_MS = 2_000

/** How long to wait after a drawing that has taken so long: at least as long again, so that typing has half of the time. */
export function pauseAfter(tookMs: number): number {
  if (tookMs <= QUICK_MS) return 0
  return Math.min(tookMs <= FELT_MS ? tookMs : 4 * tookMs, MOST_MS)
}
