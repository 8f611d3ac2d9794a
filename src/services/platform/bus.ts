import type { Logger } from "../../config/logger.ts"
import type { RedisStore } from "../../config/redis.ts"

/** Receives published messages. null means that some may have been missed. */
export type Receiver = (message: string | null) => void

/**
 * Publish and subscribe between processes. Messages only reduce latency: any of them may be lost, so subscribers also
 * poll the database.
 */
export interface Bus {
  /** Publishes without waiting. Never throws. */
  publish(channel: string, message: string): void
  /** @returns a function that ends the subscription */
  subscribe(channel: string, receive: Receiver): () => void
}

/** Creates a bus over Redis pub/sub, with one connection for all subscriptions of the process. */
export function createRedisBus(redis: RedisStore, log: Logger): Bus {
  const receivers = createReceivers()
  const subscriber = redis.subscriber()
  subscriber.on("message", receivers.deliver)
  // Messages published while the connection was down are lost.
  subscriber.on("ready", () => receivers.deliverAll(null))
  const bestEffort = (work: Promise<unknown>) => {
    work.catch((err: unknown) => log.debug({ err }, "bus unreachable"))
  }
  return {
    publish: (channel, message) => bestEffort(redis.call((client) => client.publish(channel, message))),
    subscribe(channel, receive) {
      // Messages published before Redis confirmed the subscription may have been missed.
      if (receivers.add(channel, receive)) {
        bestEffort(subscriber.subscribe(channel).then(() => receivers.deliver(channel, null)))
      }
      return () => {
        if (receivers.remove(channel, receive)) bestEffort(subscriber.unsubscribe(channel))
      }
    },
  }
}

/** Creates a bus within one process. */
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
    /** @returns whether this is the first receiver of the channel */
    add(channel: string, receive: Receiver): boolean {
      const others = byChannel.get(channel)
      if (!others) byChannel.set(channel, new Set([receive]))
      else others.add(receive)
      return !others
    },
    /** @returns whether this was the last receiver of the channel */
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
