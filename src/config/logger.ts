import { type DestinationStream, type Logger, pino } from "pino"

export type { Logger }

/** Keys whose values never reach a log, at the top and one or two levels down. */
const SECRET_KEYS = [
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
]

/**
 * A JSON logger. Secrets are kept out twice: by key (`SECRET_KEYS`) and, in errors, by form, because the
 * message of a foreign error may quote the value that it is about.
 */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: undefined,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: "[redacted]" },
    serializers: { err: describeError },
  }
  return destination ? pino(options, destination) : pino(options)
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
function describeError(error: unknown, depth = 0): ErrorDescription {
  if (!(error instanceof Error)) return { type: typeof error, message: scrub(String(error)) }
  const { code, constraint } = error as { code?: unknown; constraint?: unknown }
  return {
    type: error.name,
    message: scrub(error.message),
    ...(typeof code === "string" ? { code } : {}),
    ...(typeof constraint === "string" ? { constraint } : {}),
    ...(error.stack ? { stack: scrub(error.stack) } : {}),
    ...(error.cause !== undefined && depth < 5 ? { cause: describeError(error.cause, depth + 1) } : {}),
  }
}

/** What a secret looks like: a JWT, `user:password@` in a URL, a vendor's key, an international number. */
const SECRET_FORMS: [RegExp, string][] = [
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]+/g, "[token]"],
  [/:\/\/[^\s/@]+@/g, "://[redacted]@"],
  [/\b(?:AIza|AQ\.|sk_|rk_|whsec_)[\w-]{8,}/g, "[key]"],
  [/\+\d{7,15}\b/g, "[number]"],
]

/** Replaces everything in `text` that has the form of a secret. */
export function scrub(text: string): string {
  return SECRET_FORMS.reduce((rest, [form, label]) => rest.replace(form, label), text)
}
