import { pause } from "./time.ts"

/** Something that is done again and again, one round at a time. */
export interface Loop {
  /** Ends after the round under way. */
  stop(): Promise<void>
}

/** Calls `round` at once and then `everyMs` after each end. A round that throws goes to `onError`; the loop goes on. */
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
