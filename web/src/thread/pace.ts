import { pauseAfter } from "./pause-after.ts"

/** A usual screen shows no more often: what comes within so long is drawn together. Just above a frame, which comes first. */
const FRAME_MS = 17

/** A frame or two may be long for something else, such as the colours of code that are loaded. */
const LONG_IN_A_ROW = 3

export interface Clock {
  now(): number
  /** Calls `then` in the next frame. */
  frame(then: () => void): void
  /** Calls `then` after so many milliseconds, a whole number. */
  wait(ms: number, then: () => void): void
}

/**
 * Draws what comes at once, and more of it when a frame's time has passed: the next frame may be some time away. Where one
 * frame after the other takes long, others have their time between them.
 */
export function createPace(draw: () => void, clock: Clock): { request(): void; now(): void } {
  let isAsked = false
  let isPaused = false
  let isWatching = false
  let hasTimer = false
  let drawnAt = Number.NEGATIVE_INFINITY
  /** Of the last frames, the newest at the end. */
  let framesMs: number[] = []

  function now(): void {
    isAsked = false
    drawnAt = clock.now()
    draw()
  }

  /** The pause that the last frames call for; 0: none. */
  const dueMs = () => (framesMs.length < LONG_IN_A_ROW ? 0 : pauseAfter(Math.min(...framesMs)))

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
      framesMs = [...framesMs, clock.now() - startedAt].slice(-LONG_IN_A_ROW)
      const pauseMs = dueMs()
      if (pauseMs > 0) pause(pauseMs)
      else if (isAsked || drawnAt >= startedAt) onFrame()
      else {
        isWatching = false
        framesMs = []
      }
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
    if (!isAsked || isPaused || dueMs() > 0) return
    const leftMs = Math.ceil(drawnAt + FRAME_MS - clock.now())
    if (leftMs <= 0) now()
    else if (!hasTimer) {
      hasTimer = true
      clock.wait(leftMs, () => {
        hasTimer = false
        drawSoon()
      })
    }
  }

  return {
    request() {
      isAsked = true
      drawSoon()
      watch()
    },
    now,
  }
}
