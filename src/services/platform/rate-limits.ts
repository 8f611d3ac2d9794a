import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from "rate-limiter-flexible"
import { LIMITS, type LimitName } from "../../config/limits.ts"
import type { Logger } from "../../config/logger.ts"
import { type RedisStore, RedisUnavailable } from "../../config/redis.ts"
import { SECOND } from "../../utils/time.ts"

/** The state of one client's window after a request. */
export interface LimitState {
  allowed: boolean
  quota: number
  windowSeconds: number
  remaining: number
  resetSeconds: number
}

export interface RateLimits {
  /** Counts one request of `key` against the limit `name`. Never throws: without Redis each process counts for itself. */
  consume(name: LimitName, key: string): Promise<LimitState>
}

/** @param scale multiplies every quota */
export function createRateLimits(redis: RedisStore | null, scale: number, log: Logger): RateLimits {
  const limiters = Object.fromEntries(
    Object.keys(LIMITS).map((name) => [name, createLimiter(name as LimitName, redis, scale, log)]),
  ) as Record<LimitName, (key: string) => Promise<LimitState>>
  return { consume: (name, key) => limiters[name](key) }
}

function createLimiter(name: LimitName, redis: RedisStore | null, scale: number, log: Logger) {
  const { quota: base, windowMs, shared } = LIMITS[name]
  const quota = Math.ceil(base * scale)
  const windowSeconds = windowMs / SECOND
  const options = { keyPrefix: `limit:${name}`, points: quota, duration: windowSeconds }
  const local = new RateLimiterMemory(options)
  const remote = redis && shared ? createRemote(redis, options) : null
  return async (key: string): Promise<LimitState> => {
    const result = await (remote?.(key).catch(orLocally(local, key, log)) ?? countIn(local, key))
    return {
      allowed: result.consumedPoints <= quota,
      quota,
      windowSeconds,
      remaining: Math.max(0, quota - result.consumedPoints),
      resetSeconds: Math.ceil(result.msBeforeNext / SECOND),
    }
  }
}

type Options = ConstructorParameters<typeof RateLimiterMemory>[0]

/**
 * Created before the first command. A pipeline that is waiting to be sent lacks scripts that are defined later, and
 * calling one on it crashes the process (https://github.com/redis/ioredis/issues/1931).
 */
function createRemote(redis: RedisStore, options: Options) {
  const limiter = new RateLimiterRedis({ ...options, storeClient: redis.client })
  return (key: string) => redis.call(() => countIn(limiter, key))
}

/** Falls back to this process's count, whether Redis doesn't respond or refuses (full, read-only, loading). */
function orLocally(local: RateLimiterMemory, key: string, log: Logger) {
  return (err: unknown) => {
    if (!(err instanceof RedisUnavailable)) log.warn({ err }, "rate limits are counted in this process only")
    return countIn(local, key)
  }
}

/** The library rejects with a result, not an error, when the limit is reached. */
function countIn(limiter: RateLimiterMemory | RateLimiterRedis, key: string): Promise<RateLimiterRes> {
  return limiter.consume(key).catch((refusal: unknown) => {
    if (refusal instanceof RateLimiterRes) return refusal
    throw refusal
  })
}
