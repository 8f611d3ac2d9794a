import { MINUTE } from "../utils/time.ts"

export interface Limit {
  /** Requests per window and user, or address where nobody is signed in. */
  quota: number
  windowMs: number
  /** Counted once for all processes (one call to Redis per request), or by each process for itself. */
  shared: boolean
}

/** Names a rate limit that a route's row may carry. */
export type LimitName = "auth" | "read" | "write" | "message"

/**
 * Against hammering, not for billing: the daily quota is in services/usage, the budget of codes in services/auth.
 * Reads and messages are counted per process: a shared counter would cost more than the read, and what a message
 * costs is bounded by the quota, exactly.
 */
export const LIMITS: Record<LimitName, Limit> = {
  auth: { quota: 300, windowMs: MINUTE, shared: true },
  read: { quota: 1_200, windowMs: MINUTE, shared: false },
  write: { quota: 300, windowMs: MINUTE, shared: true },
  message: { quota: 300, windowMs: MINUTE, shared: false },
}
