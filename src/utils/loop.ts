import { pause } from "./time.ts"

/** Work that is repeated, one round at a time. */
export interface Loop {
  /** Ends the loop after the round in flight. */
  stop(): Promise<void>
}

/** Calls `round` at once and then `everyMs` after each round ends. Errors go to `onError`; the loop continues. */
export function startLoop(
  everyMs: number,
  round: () => Promise<unknown>,
  onError: (error: unknown) => void,
): Loop {
  const stopping = new AbortController()
  const running = (async () => {
    while (!stopping.signal.aborted) {
      await round().catch(onError)
      await pause(everyMs, stopping.signal)
    }
  })()
  return {
    stop() {
      stopping.abort()
      return running
    },
  }
}
