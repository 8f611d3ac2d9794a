import { randomUUID } from "node:crypto"
import { LRUCache } from "lru-cache"
import type { RedisStore } from "../../config/redis.ts"
import type { Timing } from "../../config/timing.ts"
import { SECOND } from "../../utils/time.ts"

/** What a reader found: the value, or leave to fill the gap; `lease` null says that somebody else fills it. */
export type CacheRead = { value: string } | { value: null; lease: string | null }

/**
 * A cache that never keeps what a slow reader saw before a write. A reader who misses leaves a lease under the
 * key; its fill counts only while the lease is still there, and every write removes it.
 */
export interface Cache {
  read(key: string): Promise<CacheRead>
  /** Stores `value` for `ttlSeconds`, unless the key was written to since `lease` was given. */
  fill(key: string, lease: string, value: string, ttlSeconds: number): Promise<void>
  /**
   * Before a write is committed: keeps everybody from filling for a few seconds, so that a process killed between
   * its commit and `forget` leaves nothing stale. @throws where the store doesn't answer
   */
  lock(key: string): Promise<void>
  /** After a write. @throws where the store doesn't answer: `rememberForgets` tries again */
  invalidate(key: string): Promise<void>
}

/**
 * A cache whose `forget` never fails: what the store couldn't be told is told as soon as it answers, and until
 * then this process reads past the key. Nor do reads and fills fail: without a store everything is a miss.
 */
export function retryInvalidations(
  cache: Cache,
  { retryMs }: Pick<Timing["cache"], "retryMs">,
): Cache & { close(): void } {
  // By key, the latest write that the store has not been told of.
  const owed = new Map<string, symbol>()
  const timer = setInterval(() => {
    for (const key of owed.keys()) void invalidate(key)
  }, retryMs).unref()
  const invalidate = async (key: string) => {
    const write = Symbol(key)
    owed.set(key, write)
    await cache.invalidate(key).then(
      // A later write may have failed meanwhile: it is still owed.
      () => owed.get(key) === write && owed.delete(key),
      () => undefined,
    )
  }
  const miss = { value: null, lease: null }
  return {
    read: async (key) => (owed.has(key) ? miss : cache.read(key).catch(() => miss)),
    fill: (key, lease, value, ttlSeconds) => cache.fill(key, lease, value, ttlSeconds).catch(() => undefined),
    lock: (key) => cache.lock(key).catch(() => undefined),
    invalidate,
    close: () => clearInterval(timer),
  }
}

type LeaseTiming = Pick<Timing["cache"], "leaseMs">

const LOCKED = "held"
const leaseOf = () => `lease ${randomUUID()}`
const VALUE = "value "

export function createRedisCache(redis: RedisStore, { leaseMs }: LeaseTiming): Cache {
  return {
    async read(key) {
      const found = await redis.call((client) => client.get(key))
      if (found?.startsWith(VALUE)) return { value: found.slice(VALUE.length) }
      if (found !== null) return { value: null, lease: null }
      const lease = leaseOf()
      const taken = await redis.call((client) => client.set(key, lease, "PX", leaseMs, "NX"))
      return { value: null, lease: taken === "OK" ? lease : null }
    },
    async fill(key, lease, value, ttlSeconds) {
      await redis.call((client) => client.eval(FILL, 1, key, lease, VALUE + value, ttlSeconds))
    },
    async lock(key) {
      await redis.call((client) => client.set(key, LOCKED, "PX", leaseMs))
    },
    async invalidate(key) {
      await redis.call((client) => client.del(key))
    },
  }
}

const FILL = `if redis.call("GET", KEYS[1]) == ARGV[1] then
  redis.call("SET", KEYS[1], ARGV[2], "EX", ARGV[3])
end`

/** The same in one process's memory, `maxBytes` at the most. */
export function createMemoryCache({ leaseMs }: LeaseTiming, maxBytes = 64 * 1024 * 1024): Cache {
  const entries = new LRUCache<string, string>({
    maxSize: maxBytes,
    sizeCalculation: (value, key) => 2 * (value.length + key.length) + 100,
  })
  return {
    async read(key) {
      const found = entries.get(key)
      if (found?.startsWith(VALUE)) return { value: found.slice(VALUE.length) }
      if (found !== undefined) return { value: null, lease: null }
      const lease = leaseOf()
      entries.set(key, lease, { ttl: leaseMs })
      return { value: null, lease }
    },
    async fill(key, lease, value, ttlSeconds) {
      if (entries.get(key) === lease) entries.set(key, VALUE + value, { ttl: ttlSeconds * SECOND })
    },
    async lock(key) {
      entries.set(key, LOCKED, { ttl: leaseMs })
    },
    async invalidate(key) {
      entries.delete(key)
    },
  }
}
