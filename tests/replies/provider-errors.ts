import { error, failed, type ProviderAnswer, sse } from "./provider-answer-kit.ts"

const rpc = (type: string, fields: object) => ({
  "@type": `type.googleapis.com/google.rpc.${type}`,
  ...fields,
})
const RETRY_23 = rpc("RetryInfo", { retryDelay: "23s" })
const PER_DAY = {
  code: 429,
  message: "You exceeded your current quota.",
  status: "RESOURCE_EXHAUSTED",
  details: [
    rpc("QuotaFailure", {
      violations: [{ quotaId: "GenerateRequestsPerDayPerProjectPerModel-FreeTier" }],
    }),
    RETRY_23,
  ],
}
const ZERO = {
  code: 429,
  message: "Quota exceeded.",
  status: "RESOURCE_EXHAUSTED",
  details: [
    rpc("ErrorInfo", {
      reason: "RATE_LIMIT_EXCEEDED",
      metadata: {
        quota_limit: "GenerateContentRequestsPerMinutePerProjectPerRegion",
        quota_limit_value: "0",
      },
    }),
  ],
}
const KEY_INVALID = {
  code: 400,
  message: "API key not valid. Please pass a valid API key.",
  status: "INVALID_ARGUMENT",
  details: [rpc("ErrorInfo", { reason: "API_KEY_INVALID", domain: "googleapis.com" })],
}
const asArray = (json: string) => `[${json}\n]\n`
const asEvent = (json: string) => `data: ${json}\r\n\r\n`

/** Errors of the provider, in all the framings they come in. */
export const ERRORS: ProviderAnswer[] = [
  {
    name: "credits used up",
    calls: [
      error(402, {
        code: 402,
        message: "Your prepayment credits are depleted.",
        status: "RESOURCE_EXHAUSTED",
      }),
    ],
    expected: failed("provider_exhausted", {
      logged: "provider_exhausted",
      never: /tomorrow/,
      withinMs: 2_000,
    }),
  },
  {
    name: "a spending cap",
    calls: [
      error(429, {
        code: 429,
        message: "Your project has exceeded its monthly spending cap.",
        status: "RESOURCE_EXHAUSTED",
      }),
    ],
    expected: failed("provider_exhausted", { logged: '"reason":"credits"', never: /tomorrow/ }),
  },
  {
    name: "a quota of zero",
    calls: [error(429, ZERO)],
    expected: failed("provider_exhausted", { logged: '"reason":"quota_zero"' }),
  },
  {
    name: "a per-day 429 inside a 200 stream, as the first event",
    calls: [sse(`data: ${JSON.stringify({ error: PER_DAY })}\n\n`)],
    expected: failed("provider_exhausted"),
  },
  {
    name: "the same as a JSON array",
    calls: [error(429, PER_DAY, asArray)],
    expected: failed("provider_exhausted"),
  },
  {
    name: "the same framed as data: with CRLF",
    calls: [error(429, PER_DAY, asEvent)],
    expected: failed("provider_exhausted"),
  },
  {
    name: "the same, labelled as a stream",
    calls: [{ ...error(429, PER_DAY), contentType: "text/event-stream" }],
    expected: failed("provider_exhausted"),
  },
  {
    name: "the same in another error's message",
    calls: [
      error(429, { code: 429, message: JSON.stringify({ error: PER_DAY }), status: "Too Many Requests" }),
    ],
    expected: failed("provider_exhausted"),
  },
  {
    name: "API_KEY_INVALID as a JSON array",
    calls: [error(400, KEY_INVALID, asArray)],
    expected: failed("misconfigured"),
  },
  {
    name: "a front end's HTML page",
    calls: [{ status: 403, contentType: "text/html", body: "<!DOCTYPE html><title>Error 403</title>" }],
    expected: failed("misconfigured"),
  },
  {
    name: "a per-minute 429 with RetryInfo of 120 s",
    calls: [
      error(429, {
        code: 429,
        status: "RESOURCE_EXHAUSTED",
        details: [
          rpc("QuotaFailure", {
            violations: [{ quotaId: "GenerateRequestsPerMinutePerProject", quotaValue: "10" }],
          }),
          rpc("RetryInfo", { retryDelay: "120s" }),
        ],
      }),
    ],
    expected: failed("provider_busy", { message: /in 2 minutes\./, never: /tomorrow/ }),
  },
]
