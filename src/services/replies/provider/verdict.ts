import { TIMING } from "../../../config/timing.ts"
import { DAY, HOUR, MINUTE } from "../../../utils/time.ts"
import type { Consequences, FailureCode } from "./failures.ts"

/** What the provider has said about a call, whatever the framing it came in (`read-error.ts`, `gemini.ts`). */
export interface Said {
  /** The response's status or, in a stream, the error object's `code`; null: no error. */
  httpStatus: number | null
  /** A word of `google.rpc.Code`, such as `RESOURCE_EXHAUSTED`. */
  status: string | null
  /** Constants of `google.rpc.ErrorInfo`, such as `API_KEY_INVALID`. */
  reasons: readonly string[]
  /** Which quota is used up, as far as the error names it. */
  quota: "minute" | "day" | "zero" | "credits" | null
  /** Of `google.rpc.RetryInfo`; 0 without one. */
  retryAfterMs: number
  finishReason: string | null
  blockReason: string | null
  hasCandidate: boolean
  /** Whether the text has anything to see. */
  hasText: boolean
}

/** `code` null: the reply is complete. */
export type Verdict = { code: FailureCode | null } & Partial<Consequences>

interface Rule {
  when: (said: Said) => boolean
  verdict: Verdict | ((said: Said) => Verdict)
}

/** Decides what becomes of a call. Pure: the first rule that applies, of a list that ends with one that always does. */
export function judge(said: Said): Verdict {
  const rule = RULES.find(({ when }) => when(said)) as Rule
  return typeof rule.verdict === "function" ? rule.verdict(said) : rule.verdict
}

/** Says nothing; the base of what has been said. */
export const NOTHING_SAID: Said = {
  httpStatus: null,
  status: null,
  reasons: [],
  quota: null,
  retryAfterMs: 0,
  finishReason: null,
  blockReason: null,
  hasCandidate: false,
  hasText: false,
}

const SPENT =
  "This service has used up its budget for the model. The operator has been notified; please try again later."
const LANGUAGE = "The model doesn't support the language of this conversation. Please use another language."

/** Finish reasons set by the provider's rules: the same request would be blocked again. */
const BLOCKED = new Set([
  "SAFETY",
  "RECITATION",
  "BLOCKLIST",
  "PROHIBITED_CONTENT",
  "SPII",
  "MODEL_ARMOR",
  "JAILBREAK",
  "IMAGE_SAFETY",
  "IMAGE_PROHIBITED_CONTENT",
  "IMAGE_RECITATION",
])

/** Finish reasons of an answer that went wrong in the model; asking again cures them. */
const MISHAPS = new Set([
  "MALFORMED_RESPONSE",
  "MALFORMED_FUNCTION_CALL",
  "UNEXPECTED_TOOL_CALL",
  "TOO_MANY_TOOL_CALLS",
  "MISSING_THOUGHT_SIGNATURE",
  "IMAGE_OTHER",
  "NO_IMAGE",
  "CONTINUATION",
  "OTHER",
  "FINISH_REASON_UNSPECIFIED",
])

const OURS = new Set([401, 403])
const LOST = new Set([408, 499])

const isError = ({ httpStatus }: Said) => httpStatus !== null

/**
 * In order: what the account can't pay for, what only this model lacks, what passes, what is configured wrongly, what
 * the provider won't accept; then, without an error, the block, and the finish reason.
 */
const RULES: readonly Rule[] = [
  {
    when: ({ httpStatus, quota }) => httpStatus === 402 || quota === "credits",
    verdict: { code: "provider_exhausted", alert: "credits", words: SPENT },
  },
  {
    when: ({ quota }) => quota === "zero",
    verdict: { code: "provider_exhausted", alert: "quota_zero", words: SPENT },
  },
  // Quotas of the day are per model.
  {
    when: ({ quota }) => quota === "day",
    verdict: { code: "provider_exhausted", fallback: true, exhausted: true },
  },
  {
    when: ({ httpStatus }) => httpStatus === 404,
    verdict: { code: "misconfigured", fallback: true, exhausted: true },
  },
  { when: ({ httpStatus }) => httpStatus === 429 || (httpStatus ?? 0) >= 500, verdict: toBusy },
  {
    when: ({ httpStatus }) => LOST.has(httpStatus ?? 0),
    verdict: { code: "provider_unreachable", fallback: true, overload: true },
  },
  {
    when: ({ httpStatus, status, reasons }) =>
      OURS.has(httpStatus ?? 0) ||
      (isBadRequest(httpStatus) && status === "FAILED_PRECONDITION") ||
      reasons.some((reason) => reason.startsWith("API_KEY_")),
    verdict: { code: "misconfigured" },
  },
  { when: ({ httpStatus }) => (httpStatus ?? 0) >= 400, verdict: { code: "provider_refused" } },
  // An error object that says nothing of use.
  { when: isError, verdict: { code: "interrupted" } },

  { when: ({ blockReason }) => blockReason !== null, verdict: { code: "blocked" } },
  {
    when: ({ finishReason, hasCandidate, hasText }) => finishReason === null && hasCandidate && !hasText,
    verdict: { code: "empty" },
  },
  { when: ({ finishReason }) => finishReason === null, verdict: { code: "interrupted" } },
  {
    when: ({ finishReason, hasText }) => finishReason === "STOP" && hasText,
    verdict: { code: null },
  },
  { when: ({ finishReason }) => finishReason === "STOP", verdict: { code: "empty" } },
  // Half an answer that can be continued. Without text, all was spent on thoughts.
  {
    when: ({ finishReason, hasText }) => finishReason === "MAX_TOKENS" && hasText,
    verdict: { code: null },
  },
  { when: ({ finishReason }) => finishReason === "MAX_TOKENS", verdict: { code: "truncated" } },
  { when: ({ finishReason }) => BLOCKED.has(finishReason ?? ""), verdict: { code: "blocked" } },
  { when: ({ finishReason }) => finishReason === "LANGUAGE", verdict: { code: "blocked", words: LANGUAGE } },
  { when: ({ finishReason }) => MISHAPS.has(finishReason ?? ""), verdict: { code: "interrupted" } },
  // One that nobody knows yet.
  { when: () => true, verdict: { code: "provider_refused" } },
]

const isBadRequest = (status: number | null) => status !== null && status >= 400 && status < 500

/** Retried, unless the provider asks for a longer wait than a room should be held up for. */
function toBusy({ retryAfterMs }: Said): Verdict {
  const retryable = retryAfterMs <= TIMING.replies.longestRetryAfterMs
  const words = retryable ? null : `The model is busy. Please try again ${inWords(retryAfterMs)}.`
  return { code: "provider_busy", fallback: true, overload: true, retryAfterMs, retryable, words }
}

function inWords(ms: number): string {
  if (ms > DAY) return "later"
  const [count, unit] = ms > 2 * HOUR ? [Math.ceil(ms / HOUR), "hour"] : [Math.ceil(ms / MINUTE), "minute"]
  return `in ${count} ${unit}${count === 1 ? "" : "s"}`
}
