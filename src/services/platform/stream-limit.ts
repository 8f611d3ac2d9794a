/** An event stream that counts for its user until its events end or it is displaced. */
export interface CountedStream<T> {
  events: AsyncIterable<T>
  /** Aborts when a newer stream of the user takes this one's place: it no longer counts and should end. */
  displaced: AbortSignal
}

/** Limits the event streams that a user may have open in one process. */
export interface StreamLimit {
  /**
   * Counts one more stream. At the limit it takes the place of the user's oldest one: a client that has frozen, or left
   * without a word, keeps nobody out.
   */
  open<T>(userId: string, events: AsyncIterable<T>): CountedStream<T>
  /** Counts the open streams of all users. */
  count(): number
}

export function createStreamLimit(perUser: number): StreamLimit {
  // By user, in the order in which they were opened.
  const open = new Map<string, Set<AbortController>>()
  let total = 0
  const close = (userId: string, stream: AbortController) => {
    const own = open.get(userId)
    if (!own?.delete(stream)) return
    total -= 1
    if (own.size === 0) open.delete(userId)
  }
  return {
    count: () => total,
    open(userId, events) {
      const own = open.get(userId) ?? new Set()
      const [oldest] = own
      if (oldest && own.size >= perUser) {
        close(userId, oldest)
        oldest.abort()
      }
      const stream = new AbortController()
      open.set(userId, own.add(stream))
      total += 1
      return { events: whileOpen(events, () => close(userId, stream)), displaced: stream.signal }
    },
  }
}

/** Passes `events` on and calls `release` when they end or the reader stops. */
async function* whileOpen<T>(events: AsyncIterable<T>, release: () => void): AsyncGenerator<T> {
  try {
    yield* events
  } finally {
    release()
  }
}
