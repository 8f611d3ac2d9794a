import { type DestinationStream, type Logger, pino } from "pino"

export type { Logger }

/** Keys whose values never reach a log, at the top and one or two levels down. */
const SECRET_KEYS = new Set([
  "authorization",
  "cookie",
  "otp",
  "token",
  "refreshToken",
  "password",
  "newPassword",
  "currentPassword",
  "secret",
  "apiKey",
  "authToken",
  "mobileNumber",
])
const SECRET_LEVELS = 3

/**
 * A JSON logger. Secrets are kept out twice: by key (`SECRET_KEYS`) and, in errors, by form and by value (`secrets`),
 * because the message of a foreign error may quote the value that it is about.
 */
export function createLogger(
  level: string,
  destination?: DestinationStream,
  secrets: readonly string[] = [],
): Logger {
  const clean = (text: string) =>
    scrub(secrets.reduce((rest, secret) => rest.replaceAll(secret, "[secret]"), text))
  const options = {
    level,
    base: undefined,
    timestamp: createTimestamp(),
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (fields: Record<string, unknown>) => redact(fields),
    },
    serializers: { err: (error: unknown) => describeError(error, clean) },
  }
  // Lines that come while one is being written go out together: a write for each would hold up the requests, and a
  // slow reader of a pipe all of them. What is left is written before the process exits.
  return pino(options, destination ?? pino.destination({ sync: false }))
}

/** The time as text is made once for all lines of a millisecond: it costs as much as a field. */
function createTimestamp(): () => string {
  let madeAt = 0
  let text = ""
  return () => {
    const now = Date.now()
    if (now !== madeAt) {
      madeAt = now
      text = `,"time":"${new Date(now).toISOString()}"`
    }
    return text
  }
}

/**
 * The fields without the secrets among them; a copy only where there are any. In place of pino's `redact`, whose
 * wildcards copy every line's fields once for each path: more than the rest of a line costs.
 */
function redact<T extends object>(fields: T, levels = SECRET_LEVELS): T {
  let clean: Record<string, unknown> | undefined
  for (const key of Object.keys(fields)) {
    const value = (fields as Record<string, unknown>)[key]
    const kept = SECRET_KEYS.has(key)
      ? "[redacted]"
      : mayHoldSecrets(value, levels)
        ? redact(value, levels - 1)
        : value
    if (kept === value) continue
    clean ??= (Array.isArray(fields) ? [...fields] : { ...fields }) as Record<string, unknown>
    clean[key] = kept
  }
  return (clean ?? fields) as T
}

/** Of an error `describeError` keeps what is safe. */
function mayHoldSecrets(value: unknown, levels: number): value is object {
  return levels > 1 && typeof value === "object" && value !== null && !(value instanceof Error)
}

interface ErrorDescription {
  type: string
  message: string
  code?: string
  constraint?: string
  stack?: string
  cause?: ErrorDescription
}

/** The fields of an error that are safe to keep: no SQL, no parameters, no request that some clients attach. */
function describeError(error: unknown, clean: (text: string) => string, depth = 0): ErrorDescription {
  if (!(error instanceof Error)) return { type: typeof error, message: clean(String(error)) }
  const { code, constraint } = error as { code?: unknown; constraint?: unknown }
  return {
    type: error.name,
    message: clean(error.message),
    ...(typeof code === "string" ? { code } : {}),
    ...(typeof constraint === "string" ? { constraint } : {}),
    ...(error.stack ? { stack: clean(error.stack) } : {}),
    ...(error.cause !== undefined && depth < 5
      ? { cause: describeError(error.cause, clean, depth + 1) }
      : {}),
  }
}

/** What a secret looks like: a JWT, `user:password@` in a URL, a vendor's key, an international number. */
const SECRET_FORMS: [RegExp, string][] = [
  // Begins nowhere inside a longer word: from every `eyJ-` in a row it would look to the end of the text.
  [/(?<![\w-])eyJ[\w-]+\.[\w-]+\.[\w-]+/g, "[token]"],
  [/:\/\/[^\s/@]+@/g, "://[redacted]@"],
  [/\b(?:AIza|AQ\.|sk_|rk_|whsec_)[\w-]{8,}/g, "[key]"],
  [/\+\d{7,15}\b/g, "[number]"],
]

/** Replaces everything in `text` that has the form of a secret. */
export function scrub(text: string): string {
  return SECRET_FORMS.reduce((rest, [form, label]) => rest.replace(form, label), text)
}
