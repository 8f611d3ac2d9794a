import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { findError, toFailure } from "../../src/services/replies/provider/read-error.ts"
import { judge, NOTHING_SAID, type Said } from "../../src/services/replies/provider/verdict.ts"

const of = (said: Partial<Said>) => judge({ ...NOTHING_SAID, ...said })

test.each<[Partial<Said>, object]>([
  [{ httpStatus: 402 }, { code: "provider_exhausted", alert: "credits" }],
  [
    { httpStatus: 429, quota: "credits" },
    { code: "provider_exhausted", alert: "credits" },
  ],
  [
    { httpStatus: 429, quota: "zero", retryAfterMs: 5_000 },
    { code: "provider_exhausted", alert: "quota_zero" },
  ],
  [
    { httpStatus: 429, quota: "day", retryAfterMs: 5_000 },
    { code: "provider_exhausted", fallback: true, exhausted: true },
  ],
  [{ httpStatus: 404 }, { code: "misconfigured", fallback: true, exhausted: true }],
  [
    { httpStatus: 429 },
    { code: "provider_busy", retryable: true, fallback: true, overload: true, words: null },
  ],
  [
    { httpStatus: 429, retryAfterMs: 90_000 },
    { code: "provider_busy", retryable: true },
  ],
  [
    { httpStatus: 429, retryAfterMs: 91_000 },
    { code: "provider_busy", retryable: false, words: expect.stringContaining("in 2 minutes.") },
  ],
  [
    { httpStatus: 429, retryAfterMs: 3 * 3_600_000 },
    { retryable: false, words: expect.stringContaining("in 3 hours.") },
  ],
  [
    { httpStatus: 429, retryAfterMs: 1e12 },
    { retryable: false, words: expect.stringContaining("again later.") },
  ],
  [{ httpStatus: 500 }, { code: "provider_busy", fallback: true, overload: true }],
  [{ httpStatus: 503 }, { code: "provider_busy", fallback: true, overload: true }],
  [{ httpStatus: 408 }, { code: "provider_unreachable", fallback: true }],
  [{ httpStatus: 499 }, { code: "provider_unreachable", fallback: true }],
  [{ httpStatus: 401 }, { code: "misconfigured" }],
  [{ httpStatus: 403 }, { code: "misconfigured" }],
  [{ httpStatus: 400, status: "FAILED_PRECONDITION" }, { code: "misconfigured" }],
  [{ httpStatus: 400, reasons: ["API_KEY_INVALID"] }, { code: "misconfigured" }],
  [{ httpStatus: 400, status: "INVALID_ARGUMENT" }, { code: "provider_refused" }],
  [{ httpStatus: 413 }, { code: "provider_refused" }],
  [{ httpStatus: 0 }, { code: "interrupted" }],
  [{ blockReason: "OTHER" }, { code: "blocked" }],
  [{ finishReason: "STOP", hasCandidate: true, hasText: true }, { code: null }],
  [{ finishReason: "STOP", hasCandidate: true }, { code: "empty" }],
  [{ hasCandidate: true }, { code: "empty" }],
  [{ hasCandidate: true, hasText: true }, { code: "interrupted" }],
  [{}, { code: "interrupted" }],
  [{ finishReason: "MAX_TOKENS", hasCandidate: true, hasText: true }, { code: null }],
  [{ finishReason: "MAX_TOKENS", hasCandidate: true }, { code: "truncated" }],
  [{ finishReason: "MODEL_ARMOR", hasText: true }, { code: "blocked" }],
  [{ finishReason: "LANGUAGE" }, { code: "blocked", words: expect.stringContaining("language") }],
  [{ finishReason: "OTHER", hasText: true }, { code: "interrupted" }],
  [{ finishReason: "NEVER_HEARD_OF" }, { code: "provider_refused" }],
])("%o is %o", (said, verdict) => {
  expect(of(said)).toMatchObject(verdict)
})

const ERROR = { error: { code: 503, status: "UNAVAILABLE", message: "The model is overloaded." } }

test.each([
  ["an object", JSON.stringify(ERROR, null, 2)],
  ["an array", `[${JSON.stringify(ERROR)}\n]\n`],
  ["an event", `data: ${JSON.stringify(ERROR)}\r\n\r\n`],
  ["an event of several lines", JSON.stringify(ERROR, null, 2).replace(/^/gm, "data: ")],
  ["another error's message", JSON.stringify({ error: { code: 500, message: JSON.stringify(ERROR) } })],
])("an error is found in %s", (_, body) => {
  expect(findError(body)).toMatchObject(ERROR.error)
})

test.each([
  ["", "{}", "null", "[]", "<html>", '{"error":null}', '{"candidates":[]}', '"error"', '[{"error":7}]'],
])("no error is in %s", (body) => {
  expect(findError(body)).toBeNull()
})

const details = (...list: object[]) => ({ status: "RESOURCE_EXHAUSTED", code: 429, details: list })
const RPC = "type.googleapis.com/google.rpc"

test.each([
  [{ "@type": `${RPC}.RetryInfo`, retryDelay: "34.07s" }, 34_070],
  [{ "@type": `${RPC}.RetryInfo`, retryDelay: { seconds: "2", nanos: 5e8 } }, 2_500],
  [{ "@type": `${RPC}.RetryInfo`, retryDelay: "soon" }, 0],
  [{ "@type": `${RPC}.RetryInfo`, retryDelay: -5 }, 0],
  [{ "@type": 7, violations: "none" }, 0],
])("%o asks for %i ms", (detail, ms) => {
  expect(toFailure(429, findError(JSON.stringify({ error: details(detail) })))).toMatchObject({
    code: "provider_busy",
    retryAfterMs: ms,
  })
})

test("a failure's own text has no message of the provider, which may quote the prompt", () => {
  const error = {
    ...ERROR.error,
    message: "canary",
    status: "canary text",
    details: [{ "@type": `${RPC}.ErrorInfo`, reason: "can ary" }],
  }
  expect(toFailure(503, findError(JSON.stringify({ error }))).message).toBe("503")
})

const folder = process.env.RECORDINGS ? join(process.env.RECORDINGS, "gemini") : ""
const recorded = existsSync(folder)
  ? readdirSync(folder).filter((file) => /(?<!meta)\.json$/.test(file) && file.includes("error"))
  : []

describe.skipIf(recorded.length === 0)("a recorded error, whatever its framing", () => {
  test.each(recorded)("%s", (file) => {
    const body = readFileSync(join(folder, file), "utf8")
    const { error } = JSON.parse(body)
    const found = findError(body)
    expect(found).toMatchObject({ code: error.code, status: error.status })
    const framings = [
      `[${body}]`,
      `data: ${JSON.stringify({ error })}\r\n\r\n`,
      body.replace(/^/gm, "data: "),
    ]
    for (const framing of framings) expect(findError(framing)).toEqual(found)
    const isKeyOrService = [400, 401, 403].includes(error.code)
    expect(toFailure(error.code, found).code).toBe(isKeyOrService ? "misconfigured" : "provider_busy")
  })
})
