import { z } from "zod"

export const Live = z.object({ status: z.literal("live") })
export const Ready = z
  .object({
    status: z.enum(["ready", "degraded", "unavailable"]),
    database: z.enum(["up", "down"]),
    queue: z.enum(["up", "down"]),
    workers: z.number().int().describe("Workers seen in the last 10 s, across all processes."),
    heartbeatAgeMs: z.number().int().nullable().describe("Time since the last heartbeat of any worker."),
    disk: z.enum(["ok", "low", "unused"]).describe("`unused`: nothing is stored under `DATA_DIR`."),
    billing: z.enum(["on", "off"]).describe("`off`: no Stripe account is configured."),
    problems: z.array(z.string()).describe("Why the status isn't `ready`, in sentences."),
  })
  .meta({ id: "Ready" })
