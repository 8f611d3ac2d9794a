import { Cluster, type ClusterOptions, Redis, type RedisOptions } from "ioredis"
import type { Logger } from "./logger.ts"
import { type Access, type RedisAddress, readRedisUrl } from "./redis-url.ts"
import { TIMING } from "./timing.ts"

/** One server (behind sentinels or not), or a whole cluster. */
export type RedisClient = Redis | Cluster

/** Reconnects for ever. */
const retryStrategy = (times: number) =>
  Math.min(TIMING.redis.firstReconnectMs * 2 ** Math.min(times, 5), TIMING.redis.longestReconnectMs)

/** A connection that reconnects for ever: to the server, to the primary that the sentinels name, to all nodes. */
export function connect(url: string, log: Logger, options: RedisOptions = {}): RedisClient {
  const address = addressOf(url)
  return warnOnce(
    address.kind === "cluster" ? openCluster(address, options) : openServer(address, options),
    log,
  )
}

/**
 * A connection for subscriptions. A cluster tells every notice on each of its nodes, so one is enough, and the next
 * is taken when it goes away: unlike ioredis' own for clusters, this one says when it is back.
 */
export function connectSubscriber(url: string, log: Logger): Redis {
  const address = addressOf(url)
  const options: RedisOptions = { maxRetriesPerRequest: null }
  return warnOnce(
    address.kind === "cluster" ? openAnyNode(address, options) : openServer(address, options),
    log,
  )
}

export function isCluster(url: string): boolean {
  return addressOf(url).kind === "cluster"
}

/** The configuration has seen to it that the URL can be read. */
function addressOf(url: string): RedisAddress {
  const address = readRedisUrl(url)
  if (!address) throw new Error("REDIS_URL can't be read")
  return address
}

type ClusterAddress = Extract<RedisAddress, { kind: "cluster" }>
type ServerAddress = Exclude<RedisAddress, ClusterAddress>

function openServer(address: ServerAddress, options: RedisOptions): Redis {
  const all = { retryStrategy, reconnectOnError, ...options }
  if (address.kind === "single") return new Redis(address.url, all)
  const { sentinels, name, db, access, sentinel } = address
  return new Redis({
    ...all,
    sentinels,
    name,
    db,
    ...accessOf(access),
    ...(access.tls ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {}),
    ...(sentinel.username ? { sentinelUsername: sentinel.username } : {}),
    ...(sentinel.password ? { sentinelPassword: sentinel.password } : {}),
    // A primary that was cut off may keep our connection; the sentinels say that it is none any more.
    failoverDetector: true,
    sentinelRetryStrategy: retryStrategy,
  })
}

function openCluster(
  { nodes, access }: ClusterAddress,
  { enableOfflineQueue = true, enableAutoPipelining = false, ...redisOptions }: RedisOptions,
): Cluster {
  return new Cluster(nodes, {
    enableOfflineQueue,
    enableAutoPipelining,
    clusterRetryStrategy: retryStrategy,
    slotsRefreshInterval: TIMING.redis.slotsRefreshMs,
    // Certificates name hosts, so names must not be replaced by addresses.
    ...(access.tls ? { dnsLookup: (host, callback) => callback(null, host) } : {}),
    redisOptions: { ...redisOptions, ...accessOf(access) },
  } satisfies ClusterOptions)
}

function openAnyNode({ nodes, access }: ClusterAddress, options: RedisOptions): Redis {
  const client: Redis = new Redis({
    ...options,
    ...nodes[0],
    ...accessOf(access),
    retryStrategy(times) {
      Object.assign(client.options, nodes[times % nodes.length])
      return retryStrategy(times)
    },
  })
  return client
}

function accessOf({ username, password, tls }: Access): RedisOptions {
  return { ...(username ? { username } : {}), ...(password ? { password } : {}), ...(tls ? { tls: {} } : {}) }
}

/** A primary that has become a replica refuses to write: the command is sent again, to the new one. */
function reconnectOnError(error: Error): false | 2 {
  // Redis's error codes are the first word of the message.
  return error.message.startsWith("READONLY ") ? 2 : false
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
