import { pauseAfter } from "./pause-after.ts"

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
