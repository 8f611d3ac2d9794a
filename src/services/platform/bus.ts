import { EventEmitter } from "node:events"
import { Cluster } from "ioredis"
import type { Logger } from "../../config/logger.ts"
import type { RedisStore } from "../../config/redis.ts"
import type { RedisClient } from "../../config/redis-connection.ts"

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
  let waiting = new Map<string, Message>()
  const publishWaiting = () => {
    const messages = [...waiting.values()]
    waiting = new Map()
    bestEffort(redis.call((client) => publishAll(client, messages)))
  }
  return {
    publish(channel, message) {
      // One command for all of a turn: a message that is in it twice says nothing new.
      if (waiting.size === 0) setImmediate(publishWaiting)
      waiting.set(`${channel} ${message}`, [channel, message])
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

type Message = readonly [channel: string, message: string]

/** A command for each message would cost this process several times what publishing it costs Redis. */
const PUBLISH_ALL = "for i = 1, #ARGV, 2 do redis.call('PUBLISH', ARGV[i], ARGV[i + 1]) end"

/** In a cluster each channel has a node of its own. */
async function publishAll(client: RedisClient, messages: readonly Message[]): Promise<void> {
  const [only] = messages
  if (client instanceof Cluster) await Promise.all(messages.map((each) => client.spublish(...each)))
  else if (only && messages.length === 1) await client.publish(...only)
  else await client.eval(PUBLISH_ALL, 0, ...messages.flat())
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
