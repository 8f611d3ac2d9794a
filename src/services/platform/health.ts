import { withTimeout } from "../../utils/with-timeout.ts"
import type { Context } from "../context.ts"
import { freeDisk } from "./disk.ts"
import { readHeartbeats } from "./heartbeat.ts"

export interface Health {
  /**
   * `degraded`: the queue or all workers are down, so replies are delayed, or the disk is nearly full. The process
   * stays in rotation. `unavailable`: the database is down and nothing works.
   */
  status: "ready" | "degraded" | "unavailable"
  database: "up" | "down"
  queue: "up" | "down"
  /** Workers in all processes with a heartbeat in the last 10 s. */
  workers: number
  /** Age of the newest heartbeat of any worker; null when there was none for an hour. */
  heartbeatAgeMs: number | null
  /** `unused`: `DATA_DIR` holds nothing. */
  disk: "ok" | "low" | "unused"
  /** `off`: production without a Stripe account. */
  billing: "on" | "off"
}

export async function checkHealth(ctx: Context): Promise<Health> {
  const { healthTimeoutMs } = ctx.timing.platform
  const [beats, queue, disk] = await Promise.all([
    withTimeout(healthTimeoutMs, readHeartbeats(ctx)).catch(() => null),
    withTimeout(healthTimeoutMs, ctx.queue.ping()).catch(() => false),
    checkDisk(ctx),
  ])
  const isReady = queue && (beats?.alive ?? 0) > 0 && disk !== "low"
  return {
    status: beats === null ? "unavailable" : isReady ? "ready" : "degraded",
    database: beats === null ? "down" : "up",
    queue: queue ? "up" : "down",
    workers: beats?.alive ?? 0,
    heartbeatAgeMs: beats?.newestMs ?? null,
    disk,
    billing: ctx.config.stripe.enabled ? "on" : "off",
  }
}

async function checkDisk(ctx: Context): Promise<Health["disk"]> {
  const free = await freeDisk(ctx)
  if (free === null) return "unused"
  return free < ctx.config.disk.lowBytes ? "low" : "ok"
}
