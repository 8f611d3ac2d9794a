/** One fault in a request: where it is, as a JSON path such as `body.message`, and what is wrong. */
export interface FieldFault {
  path: string
  message: string
}

interface Details {
  errors?: FieldFault[]
  headers?: Record<string, string>
  extra?: Record<string, unknown>
  cause?: unknown
}

/**
 * An error that is safe to show to clients: a stable `code`, an HTTP status and a sentence. Each subclass has one
 * meaning. The last error handler turns it into RFC 9457 problem details.
 */
export class AppError extends Error {
  readonly status: number
  readonly code: string
  readonly errors: FieldFault[] | undefined
  readonly headers: Record<string, string>
  readonly extra: Record<string, unknown>

  constructor(status: number, code: string, message: string, details: Details = {}) {
    super(message, { cause: details.cause })
    this.name = new.target.name
    this.status = status
    this.code = code
    this.errors = details.errors
    this.headers = details.headers ?? {}
    this.extra = details.extra ?? {}
  }
}

export class InvalidRequest extends AppError {
  constructor(errors: FieldFault[], message = "The request is invalid.") {
    super(400, "invalid_request", message, { errors })
  }
}

export class Unauthenticated extends AppError {
  constructor(message = "Send a valid access token as Authorization: Bearer …") {
    super(401, "unauthenticated", message, { headers: { "WWW-Authenticate": "Bearer" } })
  }
}

export class OtpInvalid extends AppError {
  constructor() {
    super(
      401,
      "otp_invalid",
      "The code is wrong, expired or already used, or the number isn't registered. Request a new code.",
    )
  }
}

export class CredentialsInvalid extends AppError {
  constructor() {
    super(401, "credentials_invalid", "The mobile number or password is wrong.")
  }
}

export class RefreshTokenInvalid extends AppError {
  constructor() {
    super(
      401,
      "refresh_token_invalid",
      "The refresh token is invalid, expired or already used. Sign in again.",
    )
  }
}

export class CurrentPasswordInvalid extends AppError {
  constructor() {
    super(403, "current_password_invalid", "Enter your current password; the one sent is missing or wrong.")
  }
}

export class Forbidden extends AppError {
  constructor(message: string) {
    super(403, "forbidden", message)
  }
}

export class NotFound extends AppError {
  constructor(what = "resource") {
    super(404, "not_found", `${what[0]?.toUpperCase()}${what.slice(1)} not found.`)
  }
}

export class MethodNotAllowed extends AppError {
  constructor(allow: string[]) {
    super(405, "method_not_allowed", `This path supports only ${allow.join(", ")}.`, {
      headers: { Allow: allow.join(", ") },
    })
  }
}

export class MobileNumberTaken extends AppError {
  constructor() {
    super(409, "mobile_number_taken", "This mobile number is already registered. Sign in with a code.")
  }
}

export class PayloadTooLarge extends AppError {
  constructor(maxBytes: number) {
    super(413, "payload_too_large", `The request body is larger than ${maxBytes} bytes.`)
  }
}

export class UnsupportedMediaType extends AppError {
  constructor(message = "Send the body as application/json in UTF-8.") {
    super(415, "unsupported_media_type", message)
  }
}

export class IdempotencyConflict extends AppError {
  constructor() {
    super(
      422,
      "idempotency_conflict",
      "This Idempotency-Key was already used with a different request. Use a new key.",
    )
  }
}

export class QuotaExceeded extends AppError {
  constructor({ limit, resetsAt, now }: { limit: number; resetsAt: Date; now: Date }) {
    const seconds = Math.max(1, Math.ceil((resetsAt.getTime() - now.getTime()) / 1000))
    super(
      429,
      "quota_exceeded",
      `You have used today's ${limit} prompts. Upgrade to Pro for more, or come back tomorrow.`,
      {
        headers: { "Retry-After": String(seconds) },
        extra: { limit, resetsAt: resetsAt.toISOString(), upgrade: "/subscribe/pro" },
      },
    )
  }
}

export class BadSignature extends AppError {
  constructor() {
    super(400, "bad_signature", "The webhook signature is missing, invalid or too old.")
  }
}

export class AlreadySubscribed extends AppError {
  /** @param reason why the existing subscription isn't active */
  constructor({ reason }: { reason?: string } = {}) {
    const detail = reason
      ? "You already have a subscription, but it isn't active. Pay the open invoice or update your card in the billing portal."
      : "You are already on Pro. Manage your subscription in the billing portal."
    super(409, "already_subscribed", detail, {
      extra: { portal: "/subscription/portal", ...(reason ? { reason } : {}) },
    })
  }
}

export class PaymentPending extends AppError {
  constructor() {
    super(409, "payment_pending", "Your payment is being processed. Pro starts as soon as it succeeds.")
  }
}

export class NotSubscribed extends AppError {
  constructor() {
    super(409, "not_subscribed", "You don't have a subscription yet. Start one with POST /subscribe/pro.", {
      extra: { upgrade: "/subscribe/pro" },
    })
  }
}

export class RateLimited extends AppError {
  constructor(
    retryAfterSeconds: number,
    message = "Too many requests. Try again after the time in Retry-After.",
  ) {
    super(429, "rate_limited", message, {
      headers: { "Retry-After": String(Math.max(1, Math.ceil(retryAfterSeconds))) },
    })
  }
}

export class Unavailable extends AppError {
  constructor(cause?: unknown) {
    super(503, "unavailable", "The service is temporarily unavailable. Try again in a moment.", {
      cause,
      headers: { "Retry-After": "2" },
    })
  }
}
