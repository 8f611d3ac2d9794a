import { Cluster, type Redis } from "ioredis"
import { createTurnClock, pause } from "../utils/time.ts"
import type { Logger } from "./logger.ts"
import { connect, connectSubscriber, isCluster, type RedisClient } from "./redis-connection.ts"
import { TIMING, type Timing } from "./timing.ts"

/** Redis doesn't answer. Everything that uses it has a way on without. */
export class RedisUnavailable extends Error {
  constructor(cause?: unknown) {
    super("Redis doesn't answer", { cause })
    this.name = "RedisUnavailable"
  }
}

/** The process's shared connection for short commands. */
export interface RedisStore {
  /** For libraries that need a connection; run what they do inside `call`. */
  client: RedisClient
  /**
   * Runs short commands. Rejects with `RedisUnavailable` at once while there is no connection or after a command
   * went unanswered, so that nobody waits for a Redis that is down or frozen more than once a second.
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
  // Behind an unanswered pipeline, and while a cluster is asked again, a command has no timeout of its own.
  const withinTime = autoPipelining || isCluster(url) ? createTimeout(commandTimeoutMs) : null
  const client = connect(url, log, {
    ...(withinTime ? {} : { commandTimeout: commandTimeoutMs }),
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    enableAutoPipelining: autoPipelining,
  })
  const others: Redis[] = []
  let restUntil = 0
  return {
    client,
    async call(work) {
      if (client.status !== "ready" || Date.now() < restUntil) throw new RedisUnavailable()
      try {
        return await (withinTime?.(work(client)) ?? work(client))
      } catch (error) {
        if (isReplyError(error)) throw error
        restUntil = Date.now() + cooldownMs
        throw new RedisUnavailable(error)
      }
    },
    subscriber() {
      const other = connectSubscriber(url, log)
      others.push(other)
      return other
    },
    async close() {
      for (const connection of [client, ...others]) connection.disconnect()
    },
  }
}

/**
 * Gives up on work that takes longer than `ms`, or a tenth more. One timer looks at all of it: a timer for each
 * command would cost as much as the command.
 */
function createTimeout(ms: number): <T>(work: Promise<T>) => Promise<T> {
  // The oldest first, as all have the same time.
  const waiting = new Set<{ until: number; giveUp(error: Error): void }>()
  const clock = createTurnClock(ms / 2)
  let isLooking = false
  function look(): void {
    const now = clock()
    for (const one of waiting) {
      if (one.until > now) break
      waiting.delete(one)
      one.giveUp(new Error("no answer in time"))
    }
    isLooking = waiting.size > 0
    if (isLooking) setTimeout(look, ms / 10)
  }
  return (work) =>
    new Promise((resolve, reject) => {
      const one = { until: clock() + ms, giveUp: reject }
      waiting.add(one)
      if (!isLooking) setTimeout(look, ms / 10)
      isLooking = true
      work.then(
        (result) => {
          waiting.delete(one)
          resolve(result)
        },
        (error) => {
          waiting.delete(one)
          reject(error)
        },
      )
    })
}

/** A Redis that can't be worked with; the operator must change it. */
export class RedisUnfit extends Error {
  readonly code = "REDIS_UNFIT"
}

/** Exclusive ranges of streams (`XRANGE key (id +`) came with it. */
const MIN_VERSION = [6, 2] as const

/**
 * Waits until the Redis answers, and looks at it once; of a cluster at every primary.
 * @returns whether it has answered within `timeoutMs`
 * @throws {RedisUnfit} when it is too old, or set to drop keys when its memory is full: it would drop jobs
 */
export async function checkRedis(store: RedisStore, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const infos = (await answers(store)) ? await readInfos(store) : null
    for (const info of infos ?? []) checkInfo(info)
    if (infos || performance.now() >= deadline) return infos !== null
    await pause(TIMING.redis.readyPollMs)
  }
}

async function answers(store: RedisStore): Promise<boolean> {
  const pong = await store.call((client) => client.ping()).catch(() => null)
  return pong === "PONG"
}

/** null: one that has just answered doesn't, or a primary of its cluster doesn't yet. */
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
      `Redis ${version} at REDIS_URL is too old; ${MIN_VERSION.join(".")} or later is needed.`,
    )
  }
  const policy = facts.get("maxmemory_policy") ?? "noeviction"
  if (Number(facts.get("maxmemory") ?? 0) > 0 && policy !== "noeviction") {
    throw new RedisUnfit(
      `Redis at REDIS_URL drops keys when it is full (maxmemory-policy ${policy}). Set it to noeviction.`,
    )
  }
}

/** An answer of Redis that says no is not a Redis that doesn't answer. */
function isReplyError(error: unknown): boolean {
  return error instanceof Error && error.name === "ReplyError"
}
