import { withTimeout } from "../../utils/with-timeout.ts"
import type { Context } from "../context.ts"
import { freeDisk } from "./disk.ts"
import { readHeartbeats } from "./heartbeat.ts"
import type { QueueFault } from "./job-queue.ts"

export interface Health {
  /**
   * `degraded`: the queue takes no jobs or all workers are down, so replies are delayed, or the disk is nearly full. The
   * process stays in rotation. `unavailable`: the database is down and nothing works.
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
  /** Why the status isn't `ready`, in sentences for operators. */
  problems: string[]
}

export async function checkHealth(ctx: Context): Promise<Health> {
  const { healthTimeoutMs } = ctx.timing.platform
  const [beats, fault, disk] = await Promise.all([
    withTimeout(healthTimeoutMs, readHeartbeats(ctx)).catch(() => null),
    withTimeout(healthTimeoutMs, ctx.queue.fault()).catch(() => "unreachable" as const),
    checkDisk(ctx),
  ])
  const workers = beats?.alive ?? 0
  const problems = [
    ...(beats === null ? ["PostgreSQL doesn't respond."] : []),
    ...(fault === null ? [] : [`${FAULTS[fault]} Workers make replies without the queue, a little later.`]),
    ...(beats !== null && workers === 0 ? ["No worker has sent a heartbeat lately: replies wait."] : []),
    ...(disk === "low" ? ["The disk under DATA_DIR is nearly full."] : []),
  ]
  return {
    status: beats === null ? "unavailable" : problems.length === 0 ? "ready" : "degraded",
    database: beats === null ? "down" : "up",
    queue: fault === null ? "up" : "down",
    workers,
    heartbeatAgeMs: beats?.newestMs ?? null,
    disk,
    billing: ctx.config.stripe.enabled ? "on" : "off",
    problems,
  }
}

const FAULTS: Record<QueueFault, string> = {
  unreachable: "The queue doesn't respond.",
  full: "Redis is full: it uses all the memory that `maxmemory` allows.",
  "read-only": "Redis takes no writes: it is a replica, can't save or has lost its replicas.",
  refuses: "Redis refuses the queue's commands.",
}

async function checkDisk(ctx: Context): Promise<Health["disk"]> {
  const free = await freeDisk(ctx)
  if (free === null) return "unused"
  return free < ctx.config.disk.lowBytes ? "low" : "ok"
}
