import type { Bus } from "../../platform/bus.ts"

/** Tells the worker that makes a reply, wherever it runs, that it is to stop. */
export interface Cancellations {
  request(replyId: string): void
  /** @returns what ends it */
  listen(replyId: string, cancel: () => void): () => void
}

const CHANNEL = "cancel"

/** One channel for all replies: a process subscribes once, however many it makes. */
export function createCancellations(bus: Bus): Cancellations {
  const listening = new Map<string, () => void>()
  let subscribed = false
  return {
    request: (replyId) => bus.publish(CHANNEL, replyId),
    listen(replyId, cancel) {
      if (!subscribed) {
        bus.subscribe(CHANNEL, (id) => id !== null && listening.get(id)?.())
        subscribed = true
      }
      listening.set(replyId, cancel)
      return () => {
        if (listening.get(replyId) === cancel) listening.delete(replyId)
      }
    },
  }
}
