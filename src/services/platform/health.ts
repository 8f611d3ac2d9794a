import { withTimeout } from "../../utils/with-timeout.ts"
import type { Context } from "../context.ts"
import { freeDisk } from "./disk.ts"
import { readHeartbeats } from "./heartbeat.ts"

export interface Health {
  /**
   * `degraded`: prompts are accepted, and answered once the queue and a worker are back, or the disk of the embedded
   * database fills up; the process stays in rotation. `unavailable`: without the database nothing works.
   */
  status: "ready" | "degraded" | "unavailable"
  database: "up" | "down"
  queue: "up" | "down"
  /** Heard of in the last 10 s, in any process. */
  workers: number
  /** How long ago the last heartbeat of any worker was; null where there was none for an hour. */
  heartbeatAgeMs: number | null
  /** `unused`: nothing is kept under `DATA_DIR`. */
  disk: "ok" | "low" | "unused"
}

export async function checkHealth(ctx: Context): Promise<Health> {
  const { healthTimeoutMs } = ctx.timing.platform
  const [beats, queue, disk] = await Promise.all([
    withTimeout(healthTimeoutMs, readHeartbeats(ctx)).catch(() => null),
    withTimeout(healthTimeoutMs, ctx.queue.ping()).catch(() => false),
    judgeDisk(ctx),
  ])
  const well = queue && (beats?.alive ?? 0) > 0 && disk !== "low"
  return {
    status: beats === null ? "unavailable" : well ? "ready" : "degraded",
    database: beats === null ? "down" : "up",
    queue: queue ? "up" : "down",
    workers: beats?.alive ?? 0,
    heartbeatAgeMs: beats?.newestMs ?? null,
    disk,
  }
}

async function judgeDisk(ctx: Context): Promise<Health["disk"]> {
  const free = await freeDisk(ctx)
  if (free === null) return "unused"
  return free < ctx.config.disk.lowBytes ? "low" : "ok"
}
