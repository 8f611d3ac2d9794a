import { Refusal } from "../shared/refusal.ts"

/** What one API error contains; the envelope is built from it. */
export type ApiFailure = {
  code: number
  status: string
  message: string
  details?: Array<Record<string, unknown>>
}

/** The body Google wraps every error in. */
export function errorEnvelope({ code, status, message, details }: ApiFailure) {
  return { error: { code, message, status, ...(details && { details }) } }
}

/** Thrown while a request is checked; the last handler turns it into the envelope. */
export class Refused extends Refusal {
  readonly failure: ApiFailure

  constructor(failure: ApiFailure, options?: ErrorOptions) {
    super(failure.code, failure.message, options)
    this.failure = failure
  }
}

const SERVICE = "generativelanguage.googleapis.com"
const RPC = "type.googleapis.com/google.rpc"
const RATE_LIMITS = "https://ai.google.dev/gemini-api/docs/rate-limits"

const INVALID_KEY = "API key not valid. Please pass a valid API key."

export const missingKey = failure(
  403,
  "PERMISSION_DENIED",
  "Method doesn't allow unregistered callers (callers without established identity). " +
    "Please use API Key or other form of API consumer identity to call this API.",
)
export const invalidKey = failure(400, "INVALID_ARGUMENT", INVALID_KEY, [
  errorInfo("API_KEY_INVALID"),
  { "@type": `${RPC}.LocalizedMessage`, locale: "en-US", message: INVALID_KEY },
])
export const forbidden = failure(
  403,
  "PERMISSION_DENIED",
  "Your API key was reported as leaked. Please use another API key.",
)
export const unauthenticated = failure(
  401,
  "UNAUTHENTICATED",
  "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other " +
    "valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
  [errorInfo("ACCESS_TOKEN_TYPE_UNSUPPORTED")],
)
export const wrongRegion = failure(
  400,
  "FAILED_PRECONDITION",
  "User location is not supported for the API use.",
)
export const internal = failure(
  500,
  "INTERNAL",
  "An internal error has occurred. Please retry or report in https://developers.generativeai.google/guide/troubleshooting",
)
export const unavailable = failure(503, "UNAVAILABLE", "The model is overloaded. Please try again later.")
export const deadlineExceeded = failure(
  504,
  "DEADLINE_EXCEEDED",
  "Deadline expired before operation could complete.",
)

export const creditsDepleted = failure(
  402,
  "RESOURCE_EXHAUSTED",
  "Your prepayment credits are depleted. Please go to AI Studio to manage your project and billing.",
)
export const spendingCap = failure(
  429,
  "RESOURCE_EXHAUSTED",
  "Your project has exceeded its monthly spending cap. Please go to AI Studio to manage your spend.",
)

/** 400 for a request the API can't accept. */
export function invalid(message: string, details?: ApiFailure["details"]): Refused {
  return new Refused(failure(400, "INVALID_ARGUMENT", message, details))
}

/** 404 as the API words it for a model that doesn't exist or was retired. */
export function modelNotFound(version: string, model: string, method: string): Refused {
  const message =
    `models/${model} is not found for API version ${version}, or is not supported for ${method}. ` +
    "Call ListModels to see the list of available models and their supported methods."
  return new Refused(failure(404, "NOT_FOUND", message))
}

export type Quota = "minute" | "day" | "zero"

const QUOTAS: Record<Quota, { per: string; value: string }> = {
  minute: { per: "PerMinute", value: "10" },
  day: { per: "PerDay", value: "250" },
  zero: { per: "PerDay", value: "0" },
}

/**
 * 429 for a used-up quota. The delay stands only in the body; a per-day or limit-0 quota carries a short
 * delay too, as Google's does. `retryDelay` is the text of a duration ("34.07s"), or "none" to leave it out.
 */
export function quotaExceeded(quota: Quota, model: string, retryDelay = "34.07s"): ApiFailure {
  const { per, value } = QUOTAS[quota]
  const metric = `${SERVICE}/generate_content_free_tier_requests`
  const retry = retryDelay === "none" ? undefined : retryDelay
  const message =
    "You exceeded your current quota, please check your plan and billing details. For more information on " +
    `this error, head to: ${RATE_LIMITS}.\n* Quota exceeded for metric: ${metric}, limit: ${value}, ` +
    `model: ${model}${retry ? `\nPlease retry in ${retry}.` : ""}`
  const violation = {
    quotaMetric: metric,
    quotaId: `GenerateRequests${per}PerProjectPerModel-FreeTier`,
    quotaDimensions: { location: "global", model },
    quotaValue: value,
  }
  return failure(429, "RESOURCE_EXHAUSTED", message, [
    {
      "@type": `${RPC}.Help`,
      links: [{ description: "Learn more about Gemini API quotas", url: RATE_LIMITS }],
    },
    { "@type": `${RPC}.QuotaFailure`, violations: [violation] },
    ...(retry ? [{ "@type": `${RPC}.RetryInfo`, retryDelay: retry }] : []),
  ])
}

/** The page Google's front end answers with when a request never reaches the API. */
export function frontEndPage(code: number, phrase: string): string {
  return (
    `<!DOCTYPE html>\n<html lang=en>\n  <meta charset=utf-8>\n  <title>Error ${code} (${phrase})!!1</title>\n` +
    `  <p><b>${code}.</b> <ins>That’s an error.</ins>\n  <p>${phrase}. <ins>That’s all we know.</ins>\n`
  )
}

function errorInfo(reason: string) {
  return { "@type": `${RPC}.ErrorInfo`, reason, domain: "googleapis.com", metadata: { service: SERVICE } }
}

function failure(code: number, status: string, message: string, details?: ApiFailure["details"]): ApiFailure {
  return { code, status, message, details }
}
