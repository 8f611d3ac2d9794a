import { SECOND } from "../../utils/time.ts"
import type { Context } from "../context.ts"
import { countWorkers } from "./heartbeat.ts"

export interface Health {
  /**
   * `degraded`: prompts are accepted, and answered once the queue and a worker are back, so the process stays in
   * rotation. `unavailable`: without the database nothing works.
   */
  status: "ready" | "degraded" | "unavailable"
  database: "up" | "down"
  queue: "up" | "down"
  workers: number
}

const CHECK_TIMEOUT_MS = 2 * SECOND

export async function checkHealth(ctx: Context): Promise<Health> {
  const [workers, queue] = await Promise.all([
    within(CHECK_TIMEOUT_MS, countWorkers(ctx)).catch(() => null),
    within(CHECK_TIMEOUT_MS, ctx.queue.ping()).catch(() => false),
  ])
  const status = workers === null ? "unavailable" : queue && workers > 0 ? "ready" : "degraded"
  return {
    status,
    database: workers === null ? "down" : "up",
    queue: queue ? "up" : "down",
    workers: workers ?? 0,
  }
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const timeout = AbortSignal.timeout(ms)
  return Promise.race([
    work,
    new Promise<never>((_, reject) =>
      timeout.addEventListener("abort", () => reject(timeout.reason), { once: true }),
    ),
  ])
}
