import { z } from "zod"
import { Time } from "./common.ts"

/** RFC 9457 problem details. */
export const Problem = z
  .object({
    type: z.string().meta({ examples: ["urn:problem:invalid_request"] }),
    title: z.string(),
    status: z.number().int(),
    detail: z.string().describe("A sentence for people. It may change: branch on `code` instead."),
    code: z.string().describe("A stable identifier in snake_case."),
    requestId: z.string().meta({
      description: "The same as the `X-Request-Id` header.",
      examples: ["01a20380-35df-77b7-a96a-565deb07f9f4"],
    }),
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .describe("For `invalid_request`: each fault and its location."),
    limit: z.number().int().optional().describe("For `quota_exceeded`: the daily limit."),
    resetsAt: Time.optional().describe("For `quota_exceeded`: when the quota resets."),
    maxBytes: z
      .number()
      .int()
      .optional()
      .describe("For `attachment_too_large` and `storage_quota_exceeded`: the most there may be."),
    upgrade: z
      .string()
      .optional()
      .describe("For `quota_exceeded` and `not_subscribed`: the path that starts an upgrade."),
    portal: z
      .string()
      .optional()
      .describe("For `already_subscribed`: the path that opens the billing portal."),
    reason: z.string().optional().describe("For `already_subscribed`: why the subscription isn't active."),
  })
  .meta({ id: "Problem" })
