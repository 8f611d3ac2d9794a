import { ApiError } from "@google/genai"
import { z } from "zod"
import { TIMING } from "../../../config/timing.ts"
import { parseJson } from "../../../utils/json.ts"
import { SECOND } from "../../../utils/time.ts"
import { AttemptFailed, type FailureCode } from "./failures.ts"

/** Google's error envelope (https://google.aip.dev/193). Every field may be missing. */
const Envelope = z.object({
  error: z.object({
    code: z.number().optional(),
    status: z.string().optional(),
    message: z.string().optional(),
    details: z.array(z.record(z.string(), z.unknown())).optional(),
  }),
})
type ProviderError = z.infer<typeof Envelope>["error"]

/**
 * Converts an error of the SDK. Network faults and time-outs become `provider_unreachable`; the caller knows whether a
 * reply had begun.
 */
export function toAttemptFailed(error: unknown): AttemptFailed {
  if (error instanceof AttemptFailed) return error
  if (error instanceof ApiError) return fromApiError(error)
  if (isBrokenStream(error))
    return new AttemptFailed("interrupted", "the stream ended in the middle of a chunk")
  const cause = networkCause(error)
  return new AttemptFailed("provider_unreachable", "the provider could not be reached", { cause })
}

/** Returns a network error to log as the cause. The SDK's own errors may quote the prompt or the reply. */
function networkCause(error: unknown): unknown {
  const cause = error instanceof Error ? (error.cause ?? error) : undefined
  return typeof (cause as { code?: unknown } | undefined)?.code === "string" ? cause : undefined
}

/** The SDK throws a plain Error for an incomplete last chunk, so only the message identifies it. */
function isBrokenStream(error: unknown): boolean {
  return (
    error instanceof SyntaxError || (error instanceof Error && /^Incomplete JSON segment/.test(error.message))
  )
}

function fromApiError(error: ApiError): AttemptFailed {
  const provider = readEnvelope(error.message)
  const status = error.status ?? provider.code ?? 0
  // Without the provider's message, which may quote the prompt or a rejected key.
  const detail = [status, provider.status, ...reasonsOf(provider)].filter(Boolean).join(" ").slice(0, 500)
  const retryAfterMs = readRetryDelay(provider)
  return new AttemptFailed(nameFailure(status, provider), detail, { retryAfterMs })
}

function nameFailure(status: number, provider: ProviderError): FailureCode {
  if (status === 429 || provider.status === "RESOURCE_EXHAUSTED") {
    const isLong = isLongExhausted(provider) || readRetryDelay(provider) > TIMING.replies.longestRetryAfterMs
    return isLong ? "provider_exhausted" : "provider_busy"
  }
  if (status >= 500) return "provider_busy"
  if (status === 408 || provider.status === "CANCELLED") return "provider_unreachable"
  if (status === 401 || status === 403 || status === 404) return "misconfigured"
  if (provider.status === "FAILED_PRECONDITION" || hasReason(provider, "API_KEY_INVALID"))
    return "misconfigured"
  return "provider_refused"
}

/** `…PerDay…` quotas and limits of 0 come with a short delay, too, but a retry after it can't succeed. */
function isLongExhausted(provider: ProviderError): boolean {
  const violations = detailsOf(provider, "QuotaFailure").flatMap((detail) => detail.violations ?? [])
  return z
    .array(QuotaViolation)
    .catch([])
    .parse(violations)
    .some(({ quotaId, quotaValue }) => /PerDay/i.test(quotaId) || quotaValue === "0")
}

const QuotaViolation = z.object({ quotaId: z.string().catch(""), quotaValue: z.coerce.string().optional() })

/** Reads the delay of `google.rpc.RetryInfo`, a decimal number of seconds: `"34.07s"`. @returns ms, 0 without one */
function readRetryDelay(provider: ProviderError): number {
  const delay = detailsOf(provider, "RetryInfo")[0]?.retryDelay
  const seconds = typeof delay === "string" ? /^(\d+(?:\.\d+)?)s$/.exec(delay)?.[1] : undefined
  return seconds === undefined ? 0 : Math.ceil(Number(seconds) * SECOND)
}

function hasReason(provider: ProviderError, reason: string): boolean {
  return reasonsOf(provider).includes(reason)
}

/** Returns constants such as `API_KEY_INVALID`. */
function reasonsOf(provider: ProviderError): string[] {
  const reasons = detailsOf(provider, "ErrorInfo").map(({ reason }) => reason)
  return reasons.filter(
    (reason) => typeof reason === "string" && /^[A-Z0-9_]{1,63}$/.test(reason),
  ) as string[]
}

function detailsOf(provider: ProviderError, type: string) {
  return (provider.details ?? []).filter((detail) => String(detail["@type"]).endsWith(`google.rpc.${type}`))
}

/** Parses the body, which the SDK puts into the message: encoded twice if its content type isn't JSON, raw if HTML. */
function readEnvelope(message: string): ProviderError {
  const outer = Envelope.safeParse(parseJson(message))
  if (!outer.success) return { message }
  const inner = Envelope.safeParse(parseJson(outer.data.error.message ?? ""))
  return inner.success ? inner.data.error : outer.data.error
}
