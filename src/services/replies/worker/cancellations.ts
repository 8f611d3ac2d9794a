import type { MessageKey } from "../../chat/message-record.ts"
import type { Bus } from "../../platform/bus.ts"

/** Tells the worker that makes a reply, wherever it runs, that it is to stop. */
export interface Cancellations {
  request(reply: MessageKey): void
  /** @returns what ends it */
  listen(reply: MessageKey, cancel: () => void): () => void
}

const CHANNEL = "cancel"

const nameOf = ({ userId, id }: MessageKey) => `${userId} ${id}`

/** One channel for all replies: a process subscribes once, however many it makes. */
export function createCancellations(bus: Bus): Cancellations {
  const listening = new Map<string, () => void>()
  let subscribed = false
  return {
    request: (reply) => bus.publish(CHANNEL, nameOf(reply)),
    listen(reply, cancel) {
      const name = nameOf(reply)
      if (!subscribed) {
        bus.subscribe(CHANNEL, (which) => which !== null && listening.get(which)?.())
        subscribed = true
      }
      listening.set(name, cancel)
      return () => {
        if (listening.get(name) === cancel) listening.delete(name)
      }
    },
  }
}
