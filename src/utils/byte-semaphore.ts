/** Bounds how many bytes are held at once. */
export interface ByteSemaphore {
  /**
   * Waits until `bytes` may be held, first come, first served; more than there are at all get all of them.
   * @throws the signal's reason when it aborts before that
   * @returns a function that gives them back; calling it again does nothing
   */
  acquire(bytes: number, signal: AbortSignal): Promise<() => void>
  /** The bytes that are held. */
  held(): number
}

interface Waiting {
  bytes: number
  start(): void
}

export function createByteSemaphore(most: number): ByteSemaphore {
  const waiting: Waiting[] = []
  let held = 0

  function startNext(): void {
    for (let first = waiting[0]; first && held + first.bytes <= most; first = waiting[0]) {
      waiting.shift()
      held += first.bytes
      first.start()
    }
  }

  function releaseOnce(bytes: number): () => void {
    let isHeld = true
    return () => {
      if (isHeld) held -= bytes
      isHeld = false
      startNext()
    }
  }

  return {
    held: () => held,
    async acquire(wanted, signal) {
      signal.throwIfAborted()
      const bytes = Math.min(wanted, most)
      const { promise, resolve, reject } = Promise.withResolvers<() => void>()
      const entry = { bytes, start: () => resolve(releaseOnce(bytes)) }
      const giveUp = () => {
        const index = waiting.indexOf(entry)
        if (index < 0) return
        waiting.splice(index, 1)
        reject(signal.reason)
        startNext()
      }
      signal.addEventListener("abort", giveUp)
      waiting.push(entry)
      startNext()
      return promise.finally(() => signal.removeEventListener("abort", giveUp))
    },
  }
}
