import { LRUCache } from "lru-cache"
import type { RedisStore } from "../../config/redis.ts"
import { SECOND } from "../../utils/time.ts"

/**
 * Text by key, for as long as the store keeps it. It may forget a value or bring an old one back, so a value names what
 * it was made of, and its reader compares. No method throws: a store that doesn't respond is one that is empty.
 */
export interface Cache {
  /** @returns null where there is nothing */
  read(key: string): Promise<string | null>
  write(key: string, value: string, ttlSeconds: number): Promise<void>
  /** @returns whether it is gone; false where the store doesn't respond */
  remove(key: string): Promise<boolean>
}

export function createRedisCache(redis: RedisStore): Cache {
  return {
    read: (key) => redis.call((client) => client.get(key)).catch(() => null),
    async write(key, value, ttlSeconds) {
      await redis.call((client) => client.set(key, value, "EX", ttlSeconds)).catch(() => undefined)
    },
    async remove(key) {
      return redis
        .call((client) => client.unlink(key))
        .then(() => true)
        .catch(() => false)
    },
  }
}

/** Creates a cache in this process's memory, of `maxBytes` at most. */
export function createMemoryCache(maxBytes = 64 * 1024 * 1024): Cache {
  const entries = new LRUCache<string, string>({
    maxSize: maxBytes,
    sizeCalculation: (value, key) => 2 * (value.length + key.length) + 100,
  })
  return {
    read: async (key) => entries.get(key) ?? null,
    async write(key, value, ttlSeconds) {
      entries.set(key, value, { ttl: ttlSeconds * SECOND })
    },
    async remove(key) {
      entries.delete(key)
      return true
    },
  }
}
