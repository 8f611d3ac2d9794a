import { pauseAfter } from "./pause-after.ts"

/** What comes more often than a usual screen shows is drawn together. */
const FRAME_MS = 16

export interface Clock {
  now(): number
  /** Calls `then` in the next frame. */
  frame(then: () => void): void
  wait(ms: number, then: () => void): void
}

/**
 * Draws what comes at once, since the next frame may be some time away, and more of it within a frame's time in the next
 * frame. Where frames take long, others have their time between them.
 */
export function createPace(draw: () => void, clock: Clock): { request(): void; now(): void } {
  let isAsked = false
  let isPaused = false
  let isWatching = false
  let drawnAt = Number.NEGATIVE_INFINITY
  let lastMs = 0

  function now(): void {
    isAsked = false
    drawnAt = clock.now()
    draw()
  }

  /** Looks how long frames take, as long as there is something to draw. */
  function watch(): void {
    if (isWatching) return
    isWatching = true
    clock.frame(onFrame)
  }

  function onFrame(): void {
    const startedAt = clock.now()
    if (isAsked) now()
    // The next frame begins when this one is laid out, painted, and taken by what puts it on the screen.
    clock.frame(() => {
      const tookMs = clock.now() - startedAt
      // A single long frame is somebody else's, such as a part of the page that begins.
      const pauseMs = pauseAfter(Math.min(tookMs, lastMs))
      lastMs = tookMs
      if (pauseMs > 0) pause(pauseMs)
      else if (isAsked || drawnAt >= startedAt) onFrame()
      else isWatching = false
    })
  }

  function pause(ms: number): void {
    isPaused = true
    clock.wait(ms, () => {
      isPaused = false
      clock.frame(onFrame)
    })
  }

  return {
    request() {
      isAsked = true
      const isQuick = pauseAfter(lastMs) === 0
      if (isQuick && !isPaused && clock.now() - drawnAt >= FRAME_MS) now()
      watch()
    },
    now,
  }
}
