import { z } from "zod"
import { parseJson } from "../../../utils/json.ts"
import { SECOND } from "../../../utils/time.ts"
import { AttemptFailed } from "./failures.ts"
import { judge, NOTHING_SAID, type Said } from "./verdict.ts"

/** Google's error object (https://google.aip.dev/193). Every field may be missing or of another type. */
const ProviderError = z.object({
  code: z.number().optional().catch(undefined),
  status: z.string().optional().catch(undefined),
  message: z.string().optional().catch(undefined),
  details: z.array(z.record(z.string(), z.unknown()).catch({})).default([]).catch([]),
})
type ProviderError = z.infer<typeof ProviderError>

/**
 * Finds Google's error object in a body of any framing: an object, an array of them, events (`data:`), or one that was
 * encoded into another's message on its way.
 * @returns null for anything else, such as a chunk of a reply or an HTML page
 */
export function findError(body: string): ProviderError | null {
  const unframed = body.replace(/^data:[ \t]?/gm, "").trim()
  const found = inJson(unframed)
  const inner = found?.message?.trimStart().startsWith("{") ? inJson(found.message) : null
  return inner ?? found
}

function inJson(text: string): ProviderError | null {
  if (!text.includes('"error"')) return null
  const items = [parseJson(text)].flat()
  for (const item of items) {
    const error = (item as { error?: unknown } | null | undefined)?.error
    if (typeof error === "string") return { message: error, details: [] }
    const parsed = ProviderError.safeParse(error)
    if (parsed.success) return parsed.data
  }
  return null
}

/**
 * Converts an error of the provider into a failure.
 * @param httpStatus of the response; 200 where the error came in a stream, whose own code counts
 */
export function toFailure(httpStatus: number, error: ProviderError | null): AttemptFailed {
  const said = readSaid(httpStatus, error ?? { details: [] })
  const { code, ...consequences } = judge(said)
  // Without the provider's message, which may quote the prompt or a rejected key.
  const detail = [said.httpStatus || null, said.status, ...said.reasons, said.quota].filter(Boolean).join(" ")
  return new AttemptFailed(code ?? "interrupted", detail.slice(0, 500), consequences)
}

/** The HTTP statuses of `google.rpc.Code`, for errors that name the word alone. */
const HTTP_STATUSES: Record<string, number> = {
  CANCELLED: 499,
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  OUT_OF_RANGE: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ABORTED: 503,
  RESOURCE_EXHAUSTED: 429,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
  INTERNAL: 500,
  UNKNOWN: 500,
}

function readSaid(httpStatus: number, error: ProviderError): Said {
  const status = error.status && /^[A-Z_]{1,63}$/.test(error.status) ? error.status : null
  const own = error.code && error.code >= 400 ? error.code : (HTTP_STATUSES[status ?? ""] ?? 0)
  return {
    ...NOTHING_SAID,
    httpStatus: httpStatus >= 400 ? httpStatus : own,
    status,
    reasons: reasonsOf(error),
    quota: readQuota(error),
    retryAfterMs: readRetryDelay(error),
  }
}

const Value = z.coerce.string().catch("")
const Violation = z
  .object({ quotaId: Value.default(""), quotaValue: Value.optional() })
  .catch({ quotaId: "" })
const Metadata = z
  .object({ quota_limit: Value.default(""), quota_limit_value: Value.optional() })
  .catch({ quota_limit: "" })

/**
 * Reads which quota is used up. Those of the day and those of 0 come with a short delay, too, but a retry after it
 * can't succeed. That money is lacking stands in the message alone.
 */
function readQuota(error: ProviderError): Said["quota"] {
  if (
    /spending (?:cap|limit)|credits? (?:are|is|have been) (?:depleted|exhausted|used up)/i.test(
      error.message ?? "",
    )
  )
    return "credits"
  const violations = detailsOf(error, "QuotaFailure").flatMap((detail) => {
    const parsed = z.array(Violation).safeParse(detail.violations)
    return parsed.success ? parsed.data : []
  })
  const infos = detailsOf(error, "ErrorInfo").map((detail) => Metadata.parse(detail.metadata))
  const ids = [...violations.map(({ quotaId }) => quotaId), ...infos.map((info) => info.quota_limit)]
  const values = [
    ...violations.map(({ quotaValue }) => quotaValue),
    ...infos.map((info) => info.quota_limit_value),
  ]
  if (values.includes("0")) return "zero"
  if (ids.some((id) => /PerDay/i.test(id))) return "day"
  return ids.some((id) => /PerMinute/i.test(id)) ? "minute" : null
}

const Duration = z.union([
  z.string().transform((text) => Number(/^(\d+(?:\.\d+)?)s$/.exec(text)?.[1] ?? 0)),
  z
    .object({ seconds: z.coerce.number().default(0), nanos: z.coerce.number().default(0) })
    .transform(({ seconds, nanos }) => seconds + nanos / 1e9),
])

/** Reads the delay of `google.rpc.RetryInfo`, a decimal number of seconds: `"34.07s"`. @returns ms, 0 without one */
function readRetryDelay(error: ProviderError): number {
  const seconds = Duration.safeParse(detailsOf(error, "RetryInfo")[0]?.retryDelay).data ?? 0
  return seconds > 0 ? Math.ceil(seconds * SECOND) : 0
}

/** Returns constants such as `API_KEY_INVALID`. */
function reasonsOf(error: ProviderError): string[] {
  return detailsOf(error, "ErrorInfo").flatMap(({ reason }) =>
    typeof reason === "string" && /^[A-Z0-9_]{1,63}$/.test(reason) ? reason : [],
  )
}

function detailsOf(error: ProviderError, type: string) {
  return error.details.filter((detail) => String(detail["@type"]).endsWith(`google.rpc.${type}`))
}
