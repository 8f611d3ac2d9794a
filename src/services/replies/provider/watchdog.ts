import { AttemptFailed } from "./failures.ts"

export interface CallLimits {
  /** The longest wait for the first chunk: a thinking model sends nothing for minutes. */
  firstChunkTimeoutMs: number
  /** The longest wait between two chunks. */
  idleTimeoutMs: number
  totalTimeoutMs: number
  /** The longest wait for more after a chunk that said how the reply ends. */
  settleMs: number
}

/** Why a call was ended whose reply may be whole: after a chunk that may be the last one nothing more has come. */
export const SETTLED = new AttemptFailed("interrupted", "nothing came after the end")

/**
 * Creates a signal that aborts when a chunk or the whole reply takes too long. A silence before the first chunk is no
 * overload: a prompt may need long thought, while other prompts are answered at once. It goes to the fallback models
 * and doesn't count for the circuit breaker.
 */
export function createWatchdog({ firstChunkTimeoutMs, idleTimeoutMs, totalTimeoutMs, settleMs }: CallLimits) {
  const controller = new AbortController()
  const tooLong = (detail: string) => () =>
    controller.abort(new AttemptFailed("provider_unreachable", detail, { fallback: true }))
  const total = setTimeout(tooLong("the reply took too long"), totalTimeoutMs)
  let silence = setTimeout(tooLong("the provider sent no first chunk in time"), firstChunkTimeoutMs)
  return {
    signal: controller.signal,
    /** To be called at every chunk. */
    touch({ mayBeLast }: { mayBeLast: boolean }) {
      clearTimeout(silence)
      silence = mayBeLast
        ? setTimeout(() => controller.abort(SETTLED), Math.min(settleMs, idleTimeoutMs))
        : setTimeout(tooLong("the provider sent nothing for too long"), idleTimeoutMs)
    },
    [Symbol.dispose]() {
      clearTimeout(total)
      clearTimeout(silence)
      // Also reached when the consumer stops early: the connection to the provider must be closed then, too.
      controller.abort()
    },
  }
}
