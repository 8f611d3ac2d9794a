import { pauseAfter } from "./pause-after.ts"

/** What comes more often than a usual screen shows is drawn together. */
const FRAME_MS = 16

export interface Clock {
  now(): number
  /** Calls `then` in the next frame. */
  frame(then: () => void): void
  wait(ms: number, then: () => void): void
}

/** A frame or two may be long for something else, such as the colours of code that are loaded. */
const LONG_IN_A_ROW = 3

/**
 * Draws what comes at once, and more of it when a frame's time has passed: the next frame may be some time away. Where one
 * frame after the other takes long, others have their time between them.
 */
export function createPace(draw: () => void, clock: Clock): { request(): void; now(): void } {
  let isAsked = false
  let isPaused = false
  let isWatching = false
  let isDue = false
  let drawnAt = Number.NEGATIVE_INFINITY
  let lastMs: number[] = []

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
      lastMs = [...lastMs, clock.now() - startedAt].slice(-LONG_IN_A_ROW)
      const pauseMs = lastMs.length < LONG_IN_A_ROW ? 0 : pauseAfter(Math.min(...lastMs))
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

  /** Draws what was asked for when a frame's time has passed since the last drawing, unless a frame does it before. */
  function drawSoon(): void {
    const leftMs = drawnAt + FRAME_MS - clock.now()
    if (leftMs <= 0) now()
    if (leftMs <= 0 || isDue) return
    isDue = true
    clock.wait(leftMs, () => {
      isDue = false
      if (isAsked && !isPaused) drawSoon()
    })
  }

  return {
    request() {
      isAsked = true
      if (!isPaused && pauseAfter(lastMs.at(-1) ?? 0) === 0) drawSoon()
      watch()
    },
    now,
  }
}
