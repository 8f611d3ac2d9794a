import { Redis, type RedisOptions } from "ioredis"
import { SECOND } from "../utils/time.ts"
import type { Logger } from "./logger.ts"

/** A frozen Redis must cost a request less than a person notices. */
const COMMAND_TIMEOUT_MS = 200

/** How long a Redis that didn't answer is left alone. */
const REST_MS = 1 * SECOND

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
  client: Redis
  /**
   * Runs short commands. Rejects with `RedisUnavailable` at once while there is no connection or after a command
   * went unanswered, so that nobody waits for a Redis that is down or frozen more than once a second.
   */
  call<T>(work: (client: Redis) => Promise<T>): Promise<T>
  /** A second connection, for subscriptions. */
  subscriber(): Redis
  close(): Promise<void>
}

export function createRedisStore(url: string, log: Logger, { autoPipelining = true } = {}): RedisStore {
  const client = connect(url, log, {
    commandTimeout: COMMAND_TIMEOUT_MS,
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
        return await work(client)
      } catch (error) {
        if (isReplyError(error)) throw error
        restUntil = Date.now() + REST_MS
        throw new RedisUnavailable(error)
      }
    },
    subscriber() {
      const other = connect(url, log, { maxRetriesPerRequest: null })
      others.push(other)
      return other
    },
    async close() {
      for (const connection of [client, ...others]) connection.disconnect()
    },
  }
}

/** A connection that reconnects for ever, every second at the latest. */
export function connect(url: string, log: Logger, options: RedisOptions = {}): Redis {
  const client = new Redis(url, {
    retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 5), REST_MS),
    ...options,
  })
  let silent = false
  client.on("ready", () => {
    silent = false
  })
  client.on("error", (err) => {
    if (!silent) log.warn({ err }, "redis connection lost")
    silent = true
  })
  return client
}

/** Resolves once the store answers, or after `timeoutMs`. @returns whether it answers. */
export async function isRedisReady(store: RedisStore, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const pong = await store.call((client) => client.ping()).catch(() => null)
    if (pong === "PONG") return true
    if (Date.now() >= deadline) return false
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

/** An answer of Redis that says no is not a Redis that doesn't answer. */
function isReplyError(error: unknown): boolean {
  return error instanceof Error && error.name === "ReplyError"
}
