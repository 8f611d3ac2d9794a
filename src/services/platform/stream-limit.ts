import { RateLimited } from "../../utils/errors.ts"
import { SECOND } from "../../utils/time.ts"

/** Open event streams, counted per user and process. */
export interface StreamLimit {
  /** @throws {RateLimited} when the user has as many open as may be. @returns what gives the place back */
  take(userId: string): () => void
  /** Of all users. */
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
        throw new RateLimited(retryMs / SECOND, `At most ${perUser} streams may be open at a time.`)
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

/** The events, and the place given back when they end or nobody wants more. */
export async function* whileOpen<T>(events: AsyncIterable<T>, giveBack: () => void): AsyncGenerator<T> {
  try {
    yield* events
  } finally {
    giveBack()
  }
}
