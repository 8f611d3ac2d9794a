import type { Bus } from "../../platform/bus.ts"

/** Delivers a user's request to cancel a reply to its worker, in whichever process that runs. */
export interface Cancellations {
  request(replyId: string): void
  /** @returns a function that stops listening */
  listen(replyId: string, cancel: () => void): () => void
}

const CHANNEL = "cancel"

/** Creates one channel for all replies: a process subscribes once, however many replies it makes. */
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
