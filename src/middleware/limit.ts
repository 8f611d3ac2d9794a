import type { Response } from "express"
import type { LimitName } from "../config/limits.ts"
import type { Context } from "../services/context.ts"
import { RateLimited } from "../utils/errors.ts"

/**
 * Counts the request against the limit `name` and sets the headers of draft-ietf-httpapi-ratelimit-headers.
 * @throws {RateLimited}
 */
export async function limit(ctx: Context, res: Response, name: LimitName, key: string): Promise<void> {
  const state = await ctx.rateLimits.consume(name, key)
  res.setHeader("RateLimit-Policy", `"${name}";q=${state.quota};w=${state.windowSeconds}`)
  res.setHeader("RateLimit", `"${name}";r=${state.remaining};t=${state.resetSeconds}`)
  if (state.allowed) return
  ctx.metrics.rateLimited.inc({ limit: name })
  throw new RateLimited(state.resetSeconds)
}
