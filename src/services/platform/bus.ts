import type { Logger } from "../../config/logger.ts"
import type { RedisStore } from "../../config/redis.ts"

/** Receives what is published; null says that something may have been missed. */
export type Receiver = (message: string | null) => void

/**
 * Notices between the processes of a service. They make things prompt, never right: any may be lost, so whoever
 * waits for one also looks at the database now and then.
 */
export interface Bus {
  /** Never throws. */
  publish(channel: string, message: string): void
  /** @returns what ends it */
  subscribe(channel: string, receive: Receiver): () => void
}

/** Over Redis's pub/sub; one connection serves all the subscriptions of the process. */
export function createRedisBus(redis: RedisStore, log: Logger): Bus {
  const receivers = createReceivers()
  const subscriber = redis.subscriber()
  subscriber.on("message", receivers.deliver)
  // What was published while the connection was away is lost.
  subscriber.on("ready", () => receivers.deliverAll(null))
  const bestEffort = (work: Promise<unknown>) => {
    work.catch((err: unknown) => log.debug({ err }, "bus unreachable"))
  }
  return {
    publish: (channel, message) => bestEffort(redis.call((client) => client.publish(channel, message))),
    subscribe(channel, receive) {
      // What came before the subscription stood may have been missed.
      if (receivers.add(channel, receive)) {
        bestEffort(subscriber.subscribe(channel).then(() => receivers.deliver(channel, null)))
      }
      return () => {
        if (receivers.remove(channel, receive)) bestEffort(subscriber.unsubscribe(channel))
      }
    },
  }
}

/** Within one process. */
export function createMemoryBus(): Bus {
  const receivers = createReceivers()
  return {
    publish: receivers.deliver,
    subscribe(channel, receive) {
      receivers.add(channel, receive)
      return () => void receivers.remove(channel, receive)
    },
  }
}

function createReceivers() {
  const byChannel = new Map<string, Set<Receiver>>()
  return {
    /** @returns whether it is the channel's first */
    add(channel: string, receive: Receiver): boolean {
      const others = byChannel.get(channel)
      if (!others) byChannel.set(channel, new Set([receive]))
      else others.add(receive)
      return !others
    },
    /** @returns whether it was the channel's last */
    remove(channel: string, receive: Receiver): boolean {
      const others = byChannel.get(channel)
      return others?.delete(receive) === true && others.size === 0 && byChannel.delete(channel)
    },
    deliver(channel: string, message: string | null) {
      for (const receive of byChannel.get(channel) ?? []) receive(message)
    },
    deliverAll(message: string | null) {
      for (const receivers of byChannel.values()) for (const receive of receivers) receive(message)
    },
  }
}
