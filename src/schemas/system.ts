import { z } from "zod"

export const Live = z.object({ status: z.literal("live") })
export const Ready = z.object({
  status: z.enum(["ready", "degraded", "unavailable"]),
  database: z.enum(["up", "down"]),
  queue: z.enum(["up", "down"]),
  workers: z.number().int(),
})
