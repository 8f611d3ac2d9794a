import { z } from "zod"
import { Time } from "./common.ts"

export const ActivityQuery = z.strictObject({
  range: z
    .enum(["day", "month"])
    .default("day")
    .describe("`day`: the last 24 hours by the hour; `month`: the last 30 days by the UTC day."),
})
export type ActivityQuery = z.infer<typeof ActivityQuery>

const count = () => z.number().int()

const ActivityPoint = z.object({
  at: Time.describe("When the hour or the UTC day begins."),
  prompts: count().describe("Replies that were asked for, further versions included."),
  completed: count(),
  failed: count(),
  cancelled: count(),
  cost: z
    .object({ amount: z.string().meta({ examples: ["0.0123"] }), currency: z.literal("USD") })
    .describe("What the replies that ended cost, as far as their models have a price."),
  latency: z
    .object({ p50Ms: count(), p95Ms: count() })
    .nullable()
    .describe("From the prompt to the end of a completed reply, to a twentieth; `null` without any."),
})

export const Activity = z
  .object({
    range: z.enum(["day", "month"]),
    step: z.enum(["hour", "day"]),
    uncountedHours: count().describe(
      "Hours of the range that no worker has counted yet, and that are missing from the sums: some after an upgrade, then 0.",
    ),
    points: z.array(ActivityPoint).describe("Oldest first; the last one is the present hour or day."),
  })
  .meta({ id: "Activity" })
