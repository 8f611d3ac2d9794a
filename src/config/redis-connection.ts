import { Cluster, type ClusterOptions, Redis, type RedisOptions } from "ioredis"
import type { Logger } from "./logger.ts"
import { createShardedSubscriber, createSubscriber, type Subscriber } from "./redis-subscriber.ts"
import { type Access, type RedisAddress, readRedisUrl } from "./redis-url.ts"
import { TIMING } from "./timing.ts"

/** A connection to one server, with or without sentinels, or to a cluster. */
export type RedisClient = Redis | Cluster

const retryStrategy = (times: number) =>
  Math.min(TIMING.redis.firstReconnectMs * 2 ** Math.min(times, 5), TIMING.redis.longestReconnectMs)

/**
 * Connects to the server, the sentinels' primary or the cluster's nodes, and reconnects forever, also where a command
 * has no answer for so long that the connection must be dead.
 */
export function connect(url: string, log: Logger, given: RedisOptions = {}): RedisClient {
  const options = { socketTimeout: TIMING.redis.silentMs, ...given }
  const address = addressOf(url)
  return warnOnce(
    address.kind === "cluster" ? openCluster(address, options) : openServer(address, options),
    log,
  )
}

/** Connects for subscriptions, in a cluster to every node that has some. */
export function connectSubscriber(url: string, log: Logger): Subscriber {
  const address = addressOf(url)
  const options: RedisOptions = { maxRetriesPerRequest: null, socketTimeout: TIMING.redis.silentMs }
  if (address.kind === "cluster")
    return createShardedSubscriber(
      warnOnce(openCluster(address, { ...options, shardedSubscribers: true }), log),
    )
  return createSubscriber(warnOnce(openServer(address, options), log))
}

export function isCluster(url: string): boolean {
  return addressOf(url).kind === "cluster"
}

function addressOf(url: string): RedisAddress {
  const address = readRedisUrl(url)
  // Unreachable: the configuration was validated.
  if (!address) throw new Error("REDIS_URL is invalid")
  return address
}

type ClusterAddress = Extract<RedisAddress, { kind: "cluster" }>
type ServerAddress = Exclude<RedisAddress, ClusterAddress>

function openServer(address: ServerAddress, options: RedisOptions): Redis {
  const all = { retryStrategy, reconnectOnError: reconnectIfReadOnly(options), ...options }
  if (address.kind === "single") return neverGivingUp(new Redis(address.url, all))
  const { sentinels, name, db, access, sentinel } = address
  const client = new Redis({
    ...all,
    sentinels,
    name,
    db,
    ...accessOf(access),
    ...(access.tls ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {}),
    ...(sentinel.username ? { sentinelUsername: sentinel.username } : {}),
    ...(sentinel.password ? { sentinelPassword: sentinel.password } : {}),
    // A primary cut off from the others may keep our connection; the sentinels report that it was replaced.
    failoverDetector: true,
    sentinelRetryStrategy: retryStrategy,
  })
  return neverGivingUp(client)
}

/**
 * Connects again where ioredis ends a connection that nobody has closed: it does so for good when the sentinels tell of a
 * new primary just while it asks them for one, which it does again and again during a failover.
 */
function neverGivingUp(client: Redis): Redis {
  let isClosed = false
  const disconnect = client.disconnect.bind(client)
  client.disconnect = (reconnect = false) => {
    isClosed ||= !reconnect
    disconnect(reconnect)
  }
  const connectAgain = () => {
    if (!isClosed) void client.connect().catch(() => undefined) // what it says at its next end
  }
  return client.on("end", () => setTimeout(connectAgain, TIMING.redis.firstReconnectMs))
}

function openCluster(
  { nodes, access }: ClusterAddress,
  {
    enableOfflineQueue = true,
    enableAutoPipelining = false,
    shardedSubscribers = false,
    ...redisOptions
  }: RedisOptions & Pick<ClusterOptions, "shardedSubscribers">,
): Cluster {
  return new Cluster(nodes, {
    enableOfflineQueue,
    enableAutoPipelining,
    shardedSubscribers,
    clusterRetryStrategy: retryStrategy,
    slotsRefreshInterval: TIMING.redis.slotsRefreshMs,
    // Certificates contain host names, so names must not be resolved to addresses.
    ...(access.tls ? { dnsLookup: (host, callback) => callback(null, host) } : {}),
    redisOptions: { ...redisOptions, ...accessOf(access) },
  } satisfies ClusterOptions)
}

function accessOf({ username, password, tls }: Access): RedisOptions {
  return { ...(username ? { username } : {}), ...(password ? { password } : {}), ...(tls ? { tls: {} } : {}) }
}

/**
 * Reconnects to the new primary if the old one has become a replica and rejects writes, and now and then while it stays
 * one. The command is sent again where it may wait for the connection (2); elsewhere its caller learns why it failed (1).
 */
function reconnectIfReadOnly({ enableOfflineQueue = true }: RedisOptions) {
  let reconnectedAt = Number.NEGATIVE_INFINITY
  return (error: Error): false | 1 | 2 => {
    const now = performance.now()
    // Redis puts the error code into the first word of the message.
    if (!error.message.startsWith("READONLY ") || now - reconnectedAt < TIMING.redis.longestReconnectMs)
      return false
    reconnectedAt = now
    return enableOfflineQueue ? 2 : 1
  }
}

function warnOnce<C extends RedisClient>(client: C, log: Logger): C {
  let silent = false
  client.on("ready", () => {
    silent = false
  })
  client.on("error", (err: Error) => {
    if (!silent) log.warn({ err }, "redis connection lost")
    silent = true
  })
  return client
}
