import type { Cluster, Redis } from "ioredis"

/** What a process listens on, and learns when something may not have reached it. */
export interface Subscriber {
  /** Resolves when messages published from now on are received. */
  subscribe(channel: string): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
  onMessage(receive: (channel: string, message: string) => void): void
  /** Messages may have been missed, on any channel. */
  onGap(tell: () => void): void
  /** Asks for an answer, without which a connection is replaced: one that only listens would never notice. */
  ping(): void
  disconnect(): void
}

/** Listens on one connection for everything that is published. */
export function createSubscriber(client: Redis): Subscriber {
  return {
    subscribe: (channel) => client.subscribe(channel),
    unsubscribe: (channel) => client.unsubscribe(channel),
    onMessage: (receive) => void client.on("message", receive),
    // Messages published while the connection was down are lost.
    onGap: (tell) => void client.on("ready", tell),
    ping() {
      if (client.status === "ready") client.ping().catch(() => undefined)
    },
    disconnect: () => client.disconnect(),
  }
}

/** How many channels are looked after at a time. Most of them are on connections that have many. */
const PINGED = 8

/**
 * Listens in a cluster by `SSUBSCRIBE`, on each channel's own node: a node that publishes to all others has the work of the
 * whole cluster, however many nodes there are. ioredis moves subscriptions with their slots, and to a failed node's replica.
 */
export function createShardedSubscriber(cluster: Cluster): Subscriber {
  const channels = new Set<string>()
  return {
    subscribe(channel) {
      channels.add(channel)
      return cluster.ssubscribe(channel)
    },
    unsubscribe(channel) {
      channels.delete(channel)
      return cluster.sunsubscribe(channel)
    },
    onMessage: (receive) => void cluster.on("smessage", receive),
    onGap: (tell) => void cluster.on("ready", tell).on("subscribersReady", tell),
    ping() {
      const all = [...channels]
      for (let i = 0; i < Math.min(PINGED, all.length); i++) {
        const channel = all[Math.floor(Math.random() * all.length)]
        // Nobody listens on it, so all that comes is an answer of the node that has its slot.
        cluster.sunsubscribe(`${channel}:ping`).catch(() => undefined)
      }
    },
    disconnect: () => cluster.disconnect(),
  }
}
