/** Why a reply failed. Clients may rely on the codes; the messages may change. */
export type FailureCode = keyof typeof FAILURES

/** For each failure, the message for the user and whether the same request may succeed later. */
export const FAILURES = {
  provider_busy: { retryable: true, message: "The model is overloaded. Please try again in a minute." },
  provider_unreachable: {
    retryable: true,
    message: "The model couldn't be reached. Please try again in a minute.",
  },
  interrupted: {
    retryable: true,
    message: "The reply was interrupted before it was complete. Please send your message again.",
  },
  empty: {
    retryable: true,
    message: "The model returned an empty reply. Please send your message again or rephrase it.",
  },
  provider_exhausted: {
    retryable: false,
    message: "The model has reached its daily limit. Please try again tomorrow.",
  },
  provider_refused: {
    retryable: false,
    message: "The model rejected your message. Please rephrase it.",
  },
  blocked: {
    retryable: false,
    message: "The model's safety rules blocked this reply. Please rephrase your message.",
  },
  truncated: {
    retryable: false,
    message: "The reply reached the maximum length and was cut off. Please ask for a shorter one.",
  },
  misconfigured: {
    retryable: false,
    message:
      "This service can't use the model because of a configuration error. Please contact the operator.",
  },
  internal: { retryable: true, message: "Something went wrong on our side. Please send your message again." },
} as const satisfies Record<string, { retryable: boolean; message: string }>

/** Returns the message for the user; `code` may be one that an older or newer version of this program stored. */
export function failureMessage(code: string): string {
  return (FAILURES[code as FailureCode] ?? FAILURES.internal).message
}

/** A failed attempt. Its own message is for the log; users read `failureMessage(code)`. */
export class AttemptFailed extends Error {
  readonly code: FailureCode
  readonly retryable: boolean
  /** The wait that the provider asked for; 0 without one. */
  readonly retryAfterMs: number

  constructor(
    code: FailureCode,
    detail: string,
    { retryAfterMs = 0, cause }: { retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(detail, { cause })
    this.name = "AttemptFailed"
    this.code = code
    this.retryable = FAILURES[code].retryable
    this.retryAfterMs = retryAfterMs
  }
}
