import { z } from "zod"
import { Id, Time } from "./common.ts"

const Day = z.iso.date().meta({ examples: ["2026-11-01"] })

/** Earlier ones, down to a year that PostgreSQL doesn't have, have no usage. */
const AskedDay = Day.refine((day) => day >= "2000-01-01", "must be a day since 2000")

const ToolQuota = z.object({ used: z.number().int(), limit: z.number().int(), remaining: z.number().int() })

/** How much of today's quota a user has used. */
export const Quota = z.object({
  day: Day.describe("The UTC day by the database's clock."),
  used: z.number().int(),
  limit: z.number().int().nullable().describe("`null`: unlimited."),
  remaining: z.number().int().nullable(),
  resetsAt: Time,
  webSearch: ToolQuota.describe("Replies that searched the web."),
  urlContext: ToolQuota.describe("Replies that read pages."),
})

/** The query of every report of usage. */
export const UsageQuery = z.strictObject({
  from: AskedDay.optional().describe(
    "The first UTC day; by default 29 days before `to`. At most 366 days are read.",
  ),
  to: AskedDay.optional().describe("The last UTC day; by default today."),
})
export type UsageQuery = z.infer<typeof UsageQuery>

export const TopUsersQuery = UsageQuery.extend({
  limit: z.coerce.number().int().min(1).max(100).default(50).describe("The maximum number of users."),
})
export type TopUsersQuery = z.infer<typeof TopUsersQuery>

const count = () => z.number().int()

export const Cost = z
  .object({
    amount: z.string().meta({ examples: ["0.0123"] }),
    currency: z.string().meta({ examples: ["USD"] }),
  })
  .nullable()
  .describe("What the provider charges by the price table; `null` if the model has no price.")

const Counts = z.object({
  prompts: count().describe("Replies that ended, however, after a call to the model."),
  tokens: z.object({
    prompt: count(),
    cached: count().describe("Of the prompt's, those read from Gemini's cache."),
    output: count(),
    thought: count(),
    tool: count().describe("What Gemini's tools read."),
  }),
  searchQueries: count(),
  cost: Cost,
})

const model = z.string().meta({ examples: ["gemini-3.8-flash"] })

export const DailyUsage = Counts.extend({ day: Day, model }).meta({ id: "DailyUsage" })

export const ModelUsage = Counts.extend({
  model,
  kind: z.enum(["reply", "title", "summary"]),
  calls: count().describe("Calls whose use Gemini reported, failed ones included."),
  unpricedCalls: count().describe("Of these, those of a model without a price."),
}).meta({ id: "ModelUsage" })

export const UserUsage = Counts.extend({ userId: Id }).meta({ id: "UserUsage" })
