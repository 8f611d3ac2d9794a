import { RateLimited } from "../../utils/errors.ts"
import { SECOND } from "../../utils/time.ts"

/** Limits the event streams that a user may have open in one process. */
export interface StreamLimit {
  /** Counts one more stream. @throws {RateLimited} at the limit. @returns a function that counts it as closed */
  take(userId: string): () => void
  /** Counts the open streams of all users. */
  count(): number
}

export function createStreamLimit(perUser: number, retryMs: number): StreamLimit {
  const open = new Map<string, number>()
  let total = 0
  return {
    count: () => total,
    take(userId) {
      const count = open.get(userId) ?? 0
      if (count >= perUser)
        throw new RateLimited(
          retryMs / SECOND,
          `You can have at most ${perUser} streams open at a time. Close one and try again.`,
        )
      open.set(userId, count + 1)
      total += 1
      let taken = true
      return () => {
        if (!taken) return
        taken = false
        total -= 1
        const left = (open.get(userId) ?? 1) - 1
        if (left === 0) open.delete(userId)
        else open.set(userId, left)
      }
    },
  }
}

/** Passes `events` on and calls `release` when they end or the reader stops. */
export async function* whileOpen<T>(events: AsyncIterable<T>, release: () => void): AsyncGenerator<T> {
  try {
    yield* events
  } finally {
    release()
  }
}
