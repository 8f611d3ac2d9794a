import { z } from "zod"
import { Time } from "./common.ts"

export type ProblemCode = keyof typeof PROBLEMS

/** Each error's stable `code` with its HTTP status and meaning. The OpenAPI document is generated from this table. */
export const PROBLEMS = {
  invalid_request: [400, "The request is invalid. `errors` lists each fault."],
  bad_signature: [400, "The webhook signature is missing, invalid or too old."],
  unauthenticated: [401, "The bearer token is missing or invalid."],
  otp_invalid: [401, "The code is wrong, expired or already used, or the number isn't registered."],
  credentials_invalid: [401, "The mobile number or password is wrong."],
  refresh_token_invalid: [401, "The refresh token is invalid, expired or already used."],
  current_password_invalid: [403, "The current password is missing or wrong."],
  forbidden: [403, "The caller is authenticated but not allowed to do this."],
  not_found: [404, "The resource doesn't exist or belongs to another user."],
  method_not_allowed: [405, "The path doesn't support this method. `Allow` lists those it does."],
  mobile_number_taken: [409, "The mobile number is already registered and verified."],
  already_subscribed: [409, "The user already has a subscription. `portal` is where to manage it."],
  payment_pending: [409, "A payment is being processed. Pro starts as soon as it succeeds."],
  not_subscribed: [409, "The user has no subscription to manage."],
  payload_too_large: [413, "The request body is too large."],
  unsupported_media_type: [415, "The request body isn't JSON in UTF-8."],
  idempotency_conflict: [422, "The `Idempotency-Key` was already used with a different request."],
  rate_limited: [429, "Too many requests or open streams. `Retry-After` says when to try again."],
  quota_exceeded: [
    429,
    "Today's prompts are used up. `resetsAt` and `Retry-After` say when the quota resets.",
  ],
  internal: [500, "An unexpected error in the service."],
  unavailable: [503, "The service is temporarily unavailable. `Retry-After` says when to try again."],
} as const satisfies Record<string, readonly [status: number, meaning: string]>

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
