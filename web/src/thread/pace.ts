/** Until the next frame may begin, after a drawing that leaves the reader's doing enough time: two frames. */
const QUICK_MS = 34

/** What takes longer than this is felt, so there is little of it. */
const FELT_MS = 100

const MOST_MS = 2_000

/** How long to wait after a drawing that has taken so long: at least as long again, so that typing has half of the time. */
export function pauseAfter(tookMs: number): number {
  if (tookMs <= QUICK_MS) return 0
  return Math.min(tookMs <= FELT_MS ? tookMs : 4 * tookMs, MOST_MS)
}

/** Draws in the next frame, however often that is asked for, and after a long drawing only when others had their time. */
export function createPace(draw: () => void): { request(): void; now(): void } {
  let isAsked = false
  let isBusy = false

  function frame(): void {
    // It may have been drawn meanwhile.
    if (!isAsked) return
    isBusy = true
    const startedAt = performance.now()
    now()
    // The next frame begins when this one is laid out, painted, and taken by what puts it on the screen.
    requestAnimationFrame(() => {
      const pauseMs = pauseAfter(performance.now() - startedAt)
      if (pauseMs > 0) setTimeout(() => requestAnimationFrame(goOn), pauseMs)
      else goOn()
    })
  }

  /** Draws what has come meanwhile. */
  function goOn(): void {
    isBusy = false
    frame()
  }

  function now(): void {
    isAsked = false
    draw()
  }

  return {
    request() {
      const isFirst = !isAsked
      isAsked = true
      if (isFirst && !isBusy) requestAnimationFrame(frame)
    },
    now,
  }
}
