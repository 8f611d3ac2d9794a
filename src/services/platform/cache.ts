import { randomUUID } from "node:crypto"
import { LRUCache } from "lru-cache"
import type { RedisStore } from "../../config/redis.ts"
import type { Timing } from "../../config/timing.ts"
import { SECOND } from "../../utils/time.ts"

/** A hit, or a miss with a lease that allows the reader to fill it. `lease` is null while another reader has it. */
export type CacheRead = { value: string } | { value: null; lease: string | null }

/**
 * A cache that never stores what a slow reader read before a write. A reader that misses stores a lease under the key.
 * Its fill succeeds only while that lease is there, and every write removes it.
 */
export interface Cache {
  read(key: string): Promise<CacheRead>
  /** Stores `value` for `ttlSeconds`, unless the key was invalidated since the lease was taken. */
  fill(key: string, lease: string, value: string, ttlSeconds: number): Promise<void>
  /**
   * Blocks fills of the key for a few seconds. Called before a commit, so that a process killed between its commit
   * and `invalidate` leaves nothing stale. @throws when the store doesn't respond
   */
  lock(key: string): Promise<void>
  /** Removes the key after a write. @throws when the store doesn't respond; `retryInvalidations` retries */
  invalidate(key: string): Promise<void>
}

/**
 * Wraps a cache so that no method throws. An invalidation that failed is retried until the store responds, and until
 * then the key is a miss in this process. Without a store every read is a miss.
 */
export function retryInvalidations(
  cache: Cache,
  { retryMs }: Pick<Timing["cache"], "retryMs">,
): Cache & { close(): void } {
  // By key, the latest write whose invalidation hasn't succeeded.
  const pending = new Map<string, symbol>()
  const timer = setInterval(() => {
    for (const key of pending.keys()) void invalidate(key)
  }, retryMs).unref()
  const invalidate = async (key: string) => {
    const write = Symbol(key)
    pending.set(key, write)
    await cache.invalidate(key).then(
      // The invalidation of a later write may still be pending.
      () => pending.get(key) === write && pending.delete(key),
      () => undefined,
    )
  }
  const miss = { value: null, lease: null }
  return {
    read: async (key) => (pending.has(key) ? miss : cache.read(key).catch(() => miss)),
    fill: (key, lease, value, ttlSeconds) => cache.fill(key, lease, value, ttlSeconds).catch(() => undefined),
    lock: (key) => cache.lock(key).catch(() => undefined),
    invalidate,
    close: () => clearInterval(timer),
  }
}

type LeaseTiming = Pick<Timing["cache"], "leaseMs">

const LOCKED = "locked"
const newLease = () => `lease ${randomUUID()}`
const VALUE = "value "

export function createRedisCache(redis: RedisStore, { leaseMs }: LeaseTiming): Cache {
  return {
    async read(key) {
      const found = await redis.call((client) => client.get(key))
      if (found?.startsWith(VALUE)) return { value: found.slice(VALUE.length) }
      if (found !== null) return { value: null, lease: null }
      const lease = newLease()
      const reply = await redis.call((client) => client.set(key, lease, "PX", leaseMs, "NX"))
      return { value: null, lease: reply === "OK" ? lease : null }
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

/** Creates a cache in this process's memory, of `maxBytes` at most. */
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
      const lease = newLease()
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
