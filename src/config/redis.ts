import { Cluster, type Redis } from "ioredis"
import { createTurnClock, pause } from "../utils/time.ts"
import type { Logger } from "./logger.ts"
import { connect, connectSubscriber, isCluster, type RedisClient } from "./redis-connection.ts"
import { TIMING, type Timing } from "./timing.ts"

/** Redis isn't responding. Every user of Redis has a fallback. */
export class RedisUnavailable extends Error {
  constructor(cause?: unknown) {
    super("Redis isn't responding", { cause })
    this.name = "RedisUnavailable"
  }
}

/** The process's shared connection for short commands. */
export interface RedisStore {
  /** For libraries that need a connection; run their commands inside `call`. */
  client: RedisClient
  /**
   * Runs short commands. Rejects with `RedisUnavailable` at once while disconnected and during the cool-down after a
   * timeout, so that requests rarely wait for a Redis that is down or frozen.
   */
  call<T>(work: (client: RedisClient) => Promise<T>): Promise<T>
  /** A second connection, for subscriptions. */
  subscriber(): Redis
  close(): Promise<void>
}

export function createRedisStore(
  url: string,
  log: Logger,
  { commandTimeoutMs, cooldownMs }: Pick<Timing["redis"], "commandTimeoutMs" | "cooldownMs">,
  { autoPipelining = true } = {},
): RedisStore {
  // ioredis doesn't apply `commandTimeout` to commands in a pipeline and during a cluster's retries.
  const withinTime = autoPipelining || isCluster(url) ? createTimeout(commandTimeoutMs) : null
  const client = connect(url, log, {
    ...(withinTime ? {} : { commandTimeout: commandTimeoutMs }),
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    enableAutoPipelining: autoPipelining,
  })
  const others: Redis[] = []
  // A connection that only listens would never notice that nothing comes any more.
  const pings = setInterval(() => {
    for (const other of others) if (other.status === "ready") other.ping().catch(() => undefined)
  }, TIMING.redis.pingMs).unref()
  let cooldownUntil = 0
  return {
    client,
    async call(work) {
      if (client.status !== "ready" || Date.now() < cooldownUntil) throw new RedisUnavailable()
      try {
        return await (withinTime?.(work(client)) ?? work(client))
      } catch (error) {
        if (isReplyError(error)) throw error
        cooldownUntil = Date.now() + cooldownMs
        throw new RedisUnavailable(error)
      }
    },
    subscriber() {
      const other = connectSubscriber(url, log)
      others.push(other)
      return other
    },
    async close() {
      clearInterval(pings)
      for (const connection of [client, ...others]) connection.disconnect()
    },
  }
}

/**
 * Rejects work that takes longer than `ms`, or up to a tenth more. All work shares one timer, because a timer per
 * command would cost as much as the command.
 */
function createTimeout(ms: number): <T>(work: Promise<T>) => Promise<T> {
  // In order of their deadlines, because all have the same timeout.
  const pending = new Set<{ deadline: number; reject(error: Error): void }>()
  const clock = createTurnClock(ms / 2)
  let isScheduled = false
  function rejectExpired(): void {
    const now = clock()
    for (const call of pending) {
      if (call.deadline > now) break
      pending.delete(call)
      call.reject(new Error("no response in time"))
    }
    isScheduled = pending.size > 0
    if (isScheduled) setTimeout(rejectExpired, ms / 10)
  }
  return (work) =>
    new Promise((resolve, reject) => {
      const call = { deadline: clock() + ms, reject }
      pending.add(call)
      if (!isScheduled) setTimeout(rejectExpired, ms / 10)
      isScheduled = true
      work.then(resolve, reject).finally(() => pending.delete(call))
    })
}

/** Redis can't be used as it is; the operator must change it. */
export class RedisUnfit extends Error {
  readonly code = "REDIS_UNFIT"
}

/** The first version with exclusive stream ranges (`XRANGE key (id +`). */
const MIN_VERSION = [6, 2] as const

/**
 * Waits until Redis responds and checks it once; in a cluster, checks every primary.
 * @returns whether it responded within `timeoutMs`
 * @throws {RedisUnfit} if it is too old or evicts keys when its memory is full, which would lose jobs
 */
export async function checkRedis(store: RedisStore, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const infos = (await responds(store)) ? await readInfos(store) : null
    for (const info of infos ?? []) checkInfo(info)
    if (infos || performance.now() >= deadline) return infos !== null
    await pause(TIMING.redis.readyPollMs)
  }
}

async function responds(store: RedisStore): Promise<boolean> {
  const pong = await store.call((client) => client.ping()).catch(() => null)
  return pong === "PONG"
}

/** @returns null if a server stopped responding or a cluster's primary doesn't respond yet */
async function readInfos(store: RedisStore): Promise<string[] | null> {
  try {
    return await store.call((client) => Promise.all(primariesOf(client).map(readInfo)))
  } catch (error) {
    if (error instanceof RedisUnavailable) return null
    throw error
  }
}

const readInfo = async (client: Redis) => `${await client.info("server")}\r\n${await client.info("memory")}`

function primariesOf(client: RedisClient): Redis[] {
  return client instanceof Cluster ? client.nodes("master") : [client]
}

function checkInfo(info: string): void {
  const facts = new Map(info.split("\r\n").map((line) => line.split(":", 2) as [string, string]))
  const version = facts.get("redis_version") ?? ""
  const [major = 0, minor = 0] = version.split(".").map(Number)
  if (major < MIN_VERSION[0] || (major === MIN_VERSION[0] && minor < MIN_VERSION[1])) {
    throw new RedisUnfit(
      `Redis ${version} at REDIS_URL is too old. Version ${MIN_VERSION.join(".")} or later is required.`,
    )
  }
  const policy = facts.get("maxmemory_policy") ?? "noeviction"
  if (Number(facts.get("maxmemory") ?? 0) > 0 && policy !== "noeviction") {
    throw new RedisUnfit(
      `Redis at REDIS_URL evicts keys when it is full (maxmemory-policy ${policy}). Set maxmemory-policy to noeviction.`,
    )
  }
}

/** An error reply means that Redis is responding. */
function isReplyError(error: unknown): boolean {
  return error instanceof Error && error.name === "ReplyError"
}
