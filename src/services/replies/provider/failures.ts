/** Why a reply failed, as a client reads it. Stable words; the sentences may change. */
export type FailureCode = keyof typeof FAILURES

/** For each failure the sentence a user reads and whether the same request may succeed later. */
export const FAILURES = {
  provider_busy: {
    retryable: true,
    message: "The model is overloaded right now. Please try again in a moment.",
  },
  provider_unreachable: {
    retryable: true,
    message: "The model could not be reached. Please try again in a moment.",
  },
  interrupted: { retryable: true, message: "The answer broke off before it was complete. Please try again." },
  empty: {
    retryable: true,
    message: "The model gave an empty answer. Please try again or rephrase your message.",
  },
  provider_exhausted: {
    retryable: false,
    message: "The model's quota for today is used up. Please try again tomorrow.",
  },
  provider_refused: {
    retryable: false,
    message: "The model did not accept this request. Please rephrase your message.",
  },
  blocked: {
    retryable: false,
    message: "The answer was blocked by the model's safety rules. Please rephrase your message.",
  },
  truncated: {
    retryable: false,
    message: "The answer grew too long and was cut off. Ask for a shorter one.",
  },
  misconfigured: { retryable: false, message: "This service's access to the model is not set up correctly." },
  internal: { retryable: true, message: "Something went wrong while the answer was made. Please try again." },
} as const satisfies Record<string, { retryable: boolean; message: string }>

/** Returns the sentence that a client reads for `code`, also for codes of an older or newer version. */
export function failureMessage(code: string): string {
  return (FAILURES[code as FailureCode] ?? FAILURES.internal).message
}

/** An attempt at a reply failed. The message is for the log; users read `failureMessage(code)`. */
export class AttemptFailed extends Error {
  readonly code: FailureCode
  readonly retryable: boolean
  /** The provider's own wish, where it named one. */
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
