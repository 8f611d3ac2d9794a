import { EventEmitter } from "node:events"
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

/** Creates a bus over Redis pub/sub, for all subscriptions of the process. */
export function createRedisBus(redis: RedisStore, log: Logger): Bus {
  const receivers = createReceivers()
  const subscriber = redis.subscriber()
  subscriber.onMessage((channel, message) => receivers.emit(channel, message))
  subscriber.onGap(() => {
    for (const channel of receivers.eventNames()) receivers.emit(channel, null)
  })
  const bestEffort = (work: Promise<unknown>) => {
    work.catch((err: unknown) => log.debug({ err }, "bus unreachable"))
  }
  let waiting = new Map<string, Set<string>>()
  const publishWaiting = () => {
    const messages = [...waiting].flatMap(([channel, some]) =>
      [...some].map((message) => [channel, message] as const),
    )
    waiting = new Map()
    bestEffort(redis.call((client) => Promise.all(messages.map((each) => client[redis.publish](...each)))))
  }
  return {
    publish(channel, message) {
      // One call for all of a turn: a message that is in it twice says nothing new.
      if (waiting.size === 0) setImmediate(publishWaiting)
      const some = waiting.get(channel) ?? new Set()
      waiting.set(channel, some.add(message))
    },
    subscribe(channel, receive) {
      // Messages published before Redis confirmed the subscription may have been missed.
      if (receivers.on(channel, receive).listenerCount(channel) === 1)
        bestEffort(subscriber.subscribe(channel).then(() => receivers.emit(channel, null)))
      return () => {
        if (receivers.off(channel, receive).listenerCount(channel) === 0)
          bestEffort(subscriber.unsubscribe(channel))
      }
    },
  }
}

/** Creates a bus within one process. */
export function createMemoryBus(): Bus {
  const receivers = createReceivers()
  return {
    publish: (channel, message) => void receivers.emit(channel, message),
    subscribe(channel, receive) {
      receivers.on(channel, receive)
      return () => void receivers.off(channel, receive)
    },
  }
}

/** A channel has one receiver per listening client, which Node would report as a leak. */
function createReceivers(): EventEmitter {
  return new EventEmitter().setMaxListeners(0)
}
