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
    message:
      "The model used its whole budget for thinking, so no reply is left. Please ask for less at a time.",
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

/** What follows from a failure beside its code. */
export interface Consequences {
  /** Whether the same request may succeed later; unless given, the code's. */
  retryable: boolean
  /** Another model may reply. */
  fallback: boolean
  /** Counts for the model's circuit breaker: other calls would meet the same. */
  overload: boolean
  /** The model is useless for a while, but it isn't overloaded: the others come first. */
  exhausted: boolean
  /** What the operator has to do something about. */
  alert: "credits" | "quota_zero" | null
  /** The wait that the provider asked for; 0 without one. */
  retryAfterMs: number
  /** The message for the user; null: the code's. */
  words: string | null
}

/** A failed attempt. Its own message is for the log; users read `words` or `failureMessage(code)`. */
export class AttemptFailed extends Error implements Consequences {
  readonly code: FailureCode
  readonly retryable: boolean
  readonly fallback: boolean
  readonly overload: boolean
  readonly exhausted: boolean
  readonly alert: Consequences["alert"]
  readonly retryAfterMs: number
  readonly words: string | null

  constructor(
    code: FailureCode,
    detail: string,
    { cause, ...consequences }: Partial<Consequences> & { cause?: unknown } = {},
  ) {
    super(detail, { cause })
    this.name = "AttemptFailed"
    this.code = code
    this.retryable = consequences.retryable ?? FAILURES[code].retryable
    this.fallback = consequences.fallback ?? false
    this.overload = consequences.overload ?? false
    this.exhausted = consequences.exhausted ?? false
    this.alert = consequences.alert ?? null
    this.retryAfterMs = consequences.retryAfterMs ?? 0
    this.words = consequences.words ?? null
  }
}
