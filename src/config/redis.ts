import { Cluster, type Redis } from "ioredis"
import { Slots } from "../utils/slots.ts"
import { createTurnClock, pause } from "../utils/time.ts"
import type { Logger } from "./logger.ts"
import { connect, connectSubscriber, isCluster, type RedisClient } from "./redis-connection.ts"
import { findDenied } from "./redis-permissions.ts"
import type { Subscriber } from "./redis-subscriber.ts"
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
  /** Why Redis rejected the connection's user, if it did. */
  refusal(): Error | null
  /** The command that reaches `subscriber`s: in a cluster the one that only the channel's node gets. */
  publish: "publish" | "spublish"
  /** Connections of their own, for subscriptions. */
  subscriber(): Subscriber
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
  let refusal: Error | null = null
  client.on("error", (error) => {
    refusal = refusalIn(error) ?? refusal
  })
  const others: Subscriber[] = []
  const pings = setInterval(() => {
    for (const other of others) other.ping()
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
    refusal: () => refusal,
    publish: isCluster(url) ? "spublish" : "publish",
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
  const pending = new Slots<{ deadline: number; expire(): void }>()
  const clock = createTurnClock(ms / 2)
  let isScheduled = false
  function rejectExpired(): void {
    const now = clock()
    for (const call of pending) {
      if (call.deadline <= now) call.expire()
    }
    isScheduled = pending.size > 0
    if (isScheduled) setTimeout(rejectExpired, ms / 10)
  }
  return (work) =>
    new Promise((resolve, reject) => {
      const expire = () => {
        remove()
        reject(new Error("no response in time"))
      }
      const remove = pending.add({ deadline: clock() + ms, expire })
      if (!isScheduled) setTimeout(rejectExpired, ms / 10)
      isScheduled = true
      work.then(resolve, reject).finally(remove)
    })
}

/** Redis can't be used as it is; the operator must change it. */
export class RedisUnfit extends Error {
  readonly code = "REDIS_UNFIT"
}

/** The first versions with exclusive stream ranges (`XRANGE key (id +`) and, in a cluster, with `SPUBLISH`. */
const MIN_VERSIONS = { single: [6, 2], cluster: [7, 0] } as const

/**
 * Waits until Redis responds and checks it once; in a cluster, checks every primary.
 * @returns whether it responded within `timeoutMs`
 * @throws {RedisUnfit} if it rejects the user or denies commands, is too old, or evicts keys when its memory is full,
 *   which would lose jobs
 */
export async function checkRedis(store: RedisStore, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const infos = await look(store).catch((error: unknown) => {
      const refused = refusalIn(error) ?? store.refusal()
      throw refused ? new RedisUnfit(`Redis at REDIS_URL ${explain(refused)}`, { cause: refused }) : error
    })
    const oldest = MIN_VERSIONS[store.client instanceof Cluster ? "cluster" : "single"]
    for (const info of infos ?? []) checkInfo(info, oldest)
    if (infos || performance.now() >= deadline) return infos !== null
    await pause(TIMING.redis.readyPollMs)
  }
}

/** @returns null if a server doesn't respond, or a cluster's primary doesn't respond yet */
async function look(store: RedisStore): Promise<string[] | null> {
  try {
    await store.call((client) => client.ping())
    const denied = await store.call(findDenied)
    if (denied.length > 0)
      throw new RedisUnfit(`The Redis user in REDIS_URL may not run ${denied.join(", ")}. ${SEE}`)
    return await store.call((client) => Promise.all(primariesOf(client).map(readInfo)))
  } catch (error) {
    // Redis may have closed the connection of a user that it doesn't know.
    if (error instanceof RedisUnavailable && store.refusal() === null) return null
    throw error
  }
}

/** The first word of an error reply is its code: https://redis.io/docs/latest/develop/reference/protocol-spec/ */
const REFUSALS: Partial<Record<string, string>> = {
  WRONGPASS: "rejects the user or password in it.",
  NOAUTH: "asks for a password, and the URL has none.",
  NOPERM: "denies its user a command",
}

const SEE = 'docs/CONFIGURATION.md, "PostgreSQL and Redis", lists what is needed.'

/** Finds the reply to a rejected user in an error, which a cluster's or a sentinel's wraps. */
function refusalIn(error: unknown): Error | null {
  const { lastNodeError, cause } = error as { lastNodeError?: unknown; cause?: unknown }
  for (const each of [error, lastNodeError, cause]) {
    if (each instanceof Error && codeOf(each) in REFUSALS) return each
  }
  return null
}

const codeOf = ({ message }: Error) => /^[A-Z]+(?= )/.exec(message)?.[0] ?? ""

function explain(refusal: Error): string {
  const code = codeOf(refusal)
  return code === "NOPERM" ? `${REFUSALS[code]} (${refusal.message}). ${SEE}` : `${REFUSALS[code]}`
}

const readInfo = async (client: Redis) => `${await client.info("server")}\r\n${await client.info("memory")}`

function primariesOf(client: RedisClient): Redis[] {
  return client instanceof Cluster ? client.nodes("master") : [client]
}

function checkInfo(info: string, oldest: readonly [number, number]): void {
  const facts = new Map(info.split("\r\n").map((line) => line.split(":", 2) as [string, string]))
  const version = facts.get("redis_version") ?? ""
  const [major = 0, minor = 0] = version.split(".").map(Number)
  if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
    throw new RedisUnfit(
      `Redis ${version} at REDIS_URL is too old. Version ${oldest.join(".")} or later is required.`,
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
