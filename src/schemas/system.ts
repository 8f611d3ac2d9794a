import { z } from "zod"

export const Live = z.object({ status: z.literal("live") })
export const Ready = z
  .object({
    status: z.enum(["ready", "degraded", "unavailable"]),
    database: z.enum(["up", "down"]),
    queue: z.enum(["up", "down"]),
    workers: z.number().int().describe("Heard of in the last 10 s, in any process."),
    heartbeatAgeMs: z.number().int().nullable().describe("How long ago any worker was heard of."),
    disk: z.enum(["ok", "low", "unused"]).describe("`unused`: nothing is kept under `DATA_DIR`."),
  })
  .meta({ id: "Ready" })
