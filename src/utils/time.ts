import { setTimeout } from "node:timers/promises"

/** Durations in milliseconds, as in `10 * MINUTE`. */
export const SECOND = 1_000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

/**
 * Resolves after `ms` milliseconds, or as soon as `signal` aborts; the caller checks the signal. The timer doesn't keep
 * the process alive.
 */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal, ref: false }).catch(() => undefined)
}

/**
 * Creates a clock, in milliseconds, that advances by at most `maxStepMs` between two readings. A suspended process
 * can't process responses that have arrived, so a long suspension must not count as the other side's silence.
 */
export function createTurnClock(maxStepMs: number): () => number {
  let elapsedMs = 0
  let readAt = performance.now()
  return () => {
    const now = performance.now()
    elapsedMs += Math.min(now - readAt, maxStepMs)
    readAt = now
    return elapsedMs
  }
}
