import { z } from "zod"
import { Time } from "./common.ts"

export type ProblemCode = keyof typeof PROBLEMS

/** Every error's stable `code`: its HTTP status and what it means to a client. The OpenAPI document takes them from here. */
export const PROBLEMS = {
  invalid_request: [400, "The request is not valid; `errors` names each fault."],
  bad_signature: [400, "The signature is missing, wrong or too old."],
  unauthenticated: [401, "A valid bearer token is needed."],
  otp_invalid: [401, "The code is wrong, used, expired or unknown."],
  credentials_invalid: [401, "The mobile number or the password is wrong."],
  refresh_token_invalid: [401, "The refresh token is wrong, used or expired."],
  current_password_invalid: [403, "The current password is missing or wrong."],
  forbidden: [403, "Who asks is known, and may not do that."],
  not_found: [404, "There is no such thing, or it belongs to somebody else."],
  method_not_allowed: [405, "The path has other methods; `Allow` names them."],
  mobile_number_taken: [409, "The mobile number is registered and verified."],
  already_subscribed: [409, "There is a subscription; `portal` leads to what can be changed."],
  payment_pending: [409, "A payment is on its way; Pro begins when it has arrived."],
  not_subscribed: [409, "There is no subscription to manage."],
  payload_too_large: [413, "The body is too large."],
  unsupported_media_type: [415, "The body is not JSON in UTF-8."],
  idempotency_conflict: [422, "The `Idempotency-Key` was used with another request."],
  rate_limited: [429, "Too many requests, or open streams; `Retry-After` says when to come back."],
  quota_exceeded: [429, "Today's prompts are used; `resetsAt` and `Retry-After` say when there are more."],
  internal: [500, "Something went wrong on the service's side."],
  unavailable: [503, "The service can't answer right now; `Retry-After` says when to try again."],
} as const satisfies Record<string, readonly [status: number, meaning: string]>

/** RFC 9457 problem details. */
export const Problem = z
  .object({
    type: z.string().meta({ examples: ["urn:problem:invalid_request"] }),
    title: z.string(),
    status: z.number().int(),
    detail: z.string().describe("A sentence for people. It may change; decide on `code`."),
    code: z.string().describe("Stable, in snake_case."),
    requestId: z
      .string()
      .meta({ description: "Also in `X-Request-Id`.", examples: ["01a20380-35df-77b7-a96a-565deb07f9f4"] }),
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .describe("Of `invalid_request`: each fault and where it is."),
    limit: z.number().int().optional().describe("Of `quota_exceeded`: prompts per day."),
    resetsAt: Time.optional().describe("Of `quota_exceeded`: when there are prompts again."),
    upgrade: z
      .string()
      .optional()
      .describe("Of `quota_exceeded` and `not_subscribed`: the path that leads to more."),
    portal: z
      .string()
      .optional()
      .describe("Of `already_subscribed`: the path that leads to Stripe's portal."),
    reason: z
      .string()
      .optional()
      .describe("Of `already_subscribed`: why the subscription gives nothing at present."),
  })
  .meta({ id: "Problem" })
