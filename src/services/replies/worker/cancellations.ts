import type { MessageKey } from "../../chat/message-record.ts"
import type { Bus } from "../../platform/bus.ts"

/** Delivers a user's request to cancel a reply to its worker, in whichever process that runs. */
export interface Cancellations {
  request(reply: MessageKey): void
  /** @returns a function that stops listening */
  listen(reply: MessageKey, cancel: () => void): () => void
}

const CHANNEL = "cancel"

const nameOf = ({ userId, id }: MessageKey) => `${userId} ${id}`

/** Creates one channel for all replies: a process subscribes once, however many replies it makes. */
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
