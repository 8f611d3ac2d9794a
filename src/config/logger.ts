import { type DestinationStream, type Logger, pino } from "pino"
import { toReadableLog } from "./readable-log.ts"

export type { Logger }

/** Keys whose values never reach a log, down to `SECRET_LEVELS`. */
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
 * Creates a logger, by default to standard output. Secrets are redacted by key (`SECRET_KEYS`) and, in errors, also by
 * form and value (`secrets`), because a library's error message may quote a value.
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
  return pino(options, destination ?? openOutput())
}

/** Standard output: for a person where it is a terminal, as JSON lines otherwise. */
function openOutput(): DestinationStream {
  if (process.stdout.isTTY) return { write: (line) => void process.stdout.write(toReadableLog(line)) }
  return writeTogether(() => pino.destination({ sync: false }))
}

/** How lines of these levels begin: the process may have no other turn. */
const URGENT = ["warn", "error", "fatal"].map((level) => `{"level":"${level}"`)

/** How long a line may wait for others: too short for a person to notice, and many turns of a busy process. */
const LINES_WAIT_MS = 10

/**
 * Writes lines that come together in one piece: a write costs more than a line. It is asynchronous, so that a
 * slow log reader doesn't block requests, and the rest goes out before the process exits.
 */
function writeTogether(open: () => DestinationStream & { flushSync(): void }): DestinationStream {
  let lines = ""
  let writtenAt = Number.NEGATIVE_INFINITY
  const flush = () => {
    if (lines === "") return
    writtenAt = performance.now()
    output.write(lines)
    lines = ""
  }
  const flushSoon = () => {
    const waitMs = writtenAt + LINES_WAIT_MS - performance.now()
    if (waitMs > 0) setTimeout(flush, waitMs)
    else setImmediate(flush)
  }
  // Before the output's own listener, which writes the last of what it has.
  process.on("exit", flush)
  const output = open()
  return {
    write(line) {
      if (lines === "") flushSoon()
      lines += line
      if (URGENT.some((beginning) => line.startsWith(beginning))) flush()
    },
    // pino calls it after a fatal line.
    flushSync() {
      flush()
      output.flushSync()
    },
  } as DestinationStream
}

/** Formats the time once per millisecond, because formatting costs as much as a field. */
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
 * Redacts secrets, copying the fields only if there are any. Replaces pino's `redact`, whose wildcards copy the fields
 * once per path and cost more than the rest of a line.
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

/** Errors are left to `describeError`. */
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

/** Keeps the safe fields of an error, without SQL, parameters and attached requests. */
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

/** JWTs, credentials in URLs, vendors' keys and international phone numbers. */
const SECRET_FORMS: [RegExp, string][] = [
  // The lookbehind prevents quadratic time on repeated `eyJ-`.
  [/(?<![\w-])eyJ[\w-]+\.[\w-]+\.[\w-]+/g, "[token]"],
  [/:\/\/[^\s/@]+@/g, "://[redacted]@"],
  [/\b(?:AIza|AQ\.|sk_|rk_|whsec_)[\w-]{8,}/g, "[key]"],
  [/\+\d{7,15}\b/g, "[number]"],
]

/** Replaces everything in `text` that looks like a secret. */
export function scrub(text: string): string {
  return SECRET_FORMS.reduce((rest, [form, label]) => rest.replace(form, label), text)
}
