import { z } from "zod"
import { Id, Time } from "./common.ts"
import { Cost, Quota } from "./usage.ts"

/** Searches for a user. The number is in the body, because a URL would end up in proxy logs. */
export const UserSearch = z.strictObject({
  mobileNumber: z
    .string()
    .min(1)
    .max(50)
    .describe("In any common format.")
    .meta({ examples: ["1234567890"] }),
})
export type UserSearch = z.infer<typeof UserSearch>

export const RoleChange = z.strictObject({ role: z.enum(["user", "admin"]) })
export type RoleChange = z.infer<typeof RoleChange>

export const UserOverview = z
  .object({
    id: Id,
    mobileNumber: z.string().nullable().describe("`null` once deleted."),
    name: z.string().nullable(),
    role: z.enum(["user", "admin"]),
    verifiedAt: Time.nullable(),
    suspendedAt: Time.nullable(),
    deletedAt: Time.nullable(),
    createdAt: Time,
    hasPassword: z.boolean(),
    openSessions: z.number().int(),
    chatrooms: z.number().int(),
    unfinishedReplies: z.number().int(),
    usage: z
      .object({ prompts: z.number().int(), cost: Cost })
      .describe("Of the last 30 days, titles and summaries included."),
    quota: Quota.nullable(),
    entitlement: z
      .object({
        tier: z.enum(["basic", "pro"]),
        reason: z.string().describe("The reason in the entitlement log."),
        cause: z.string().nullable().describe("What triggered the evaluation."),
        since: Time.nullable(),
        until: z.string().nullable(),
        subscriptionId: z.string().nullable(),
        subscriptionStatus: z.string().nullable(),
      })
      .nullable(),
  })
  .meta({ id: "UserOverview" })
