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
 * What a client may learn of a failure: a stable `code`, an HTTP status and a safe sentence.
 * Every subclass below is one meaning; the last error handler turns it into RFC 9457 problem details.
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
  constructor(errors: FieldFault[], message = "The request is not valid.") {
    super(400, "invalid_request", message, { errors })
  }
}

export class Unauthenticated extends AppError {
  constructor(message = "A valid access token is needed.") {
    super(401, "unauthenticated", message, { headers: { "WWW-Authenticate": "Bearer" } })
  }
}

export class OtpInvalid extends AppError {
  constructor() {
    super(401, "otp_invalid", "The code is wrong, used or expired. Ask for a new one.")
  }
}

export class CredentialsInvalid extends AppError {
  constructor() {
    super(401, "credentials_invalid", "The mobile number or the password is wrong.")
  }
}

export class RefreshTokenInvalid extends AppError {
  constructor() {
    super(401, "refresh_token_invalid", "The refresh token is wrong, used or expired. Sign in again.")
  }
}

export class CurrentPasswordInvalid extends AppError {
  constructor() {
    super(403, "current_password_invalid", "The current password is missing or wrong.")
  }
}

export class Forbidden extends AppError {
  constructor(message: string) {
    super(403, "forbidden", message)
  }
}

export class NotFound extends AppError {
  constructor(what = "resource") {
    super(404, "not_found", `There is no such ${what}.`)
  }
}

export class MethodNotAllowed extends AppError {
  constructor(allow: string[]) {
    super(405, "method_not_allowed", `This path answers ${allow.join(", ")}.`, {
      headers: { Allow: allow.join(", ") },
    })
  }
}

export class MobileNumberTaken extends AppError {
  constructor() {
    super(409, "mobile_number_taken", "This mobile number is registered. Sign in with a code.")
  }
}

export class PayloadTooLarge extends AppError {
  constructor(maxBytes: number) {
    super(413, "payload_too_large", `The body is larger than ${maxBytes} bytes.`)
  }
}

export class UnsupportedMediaType extends AppError {
  constructor(message = "Send the body as application/json in UTF-8.") {
    super(415, "unsupported_media_type", message)
  }
}

export class IdempotencyConflict extends AppError {
  constructor() {
    super(422, "idempotency_conflict", "This Idempotency-Key was used with another request.")
  }
}

export class QuotaExceeded extends AppError {
  constructor({ limit, resetsAt, now }: { limit: number; resetsAt: Date; now: Date }) {
    const seconds = Math.max(1, Math.ceil((resetsAt.getTime() - now.getTime()) / 1000))
    super(
      429,
      "quota_exceeded",
      `Today's ${limit} prompts are used. Upgrade to Pro for more, or come back tomorrow.`,
      {
        headers: { "Retry-After": String(seconds) },
        extra: { limit, resetsAt: resetsAt.toISOString(), upgrade: "/subscribe/pro" },
      },
    )
  }
}

export class BadSignature extends AppError {
  constructor() {
    super(400, "bad_signature", "The signature is missing, wrong or too old.")
  }
}

export class AlreadySubscribed extends AppError {
  /** @param reason why the subscription that is there gives nothing at present */
  constructor({ reason }: { reason?: string } = {}) {
    const detail = reason
      ? "There is a subscription already, which gives nothing at present. Its portal has the open invoice and the card."
      : "You are Pro already. The portal has what can be changed."
    super(409, "already_subscribed", detail, {
      extra: { portal: "/subscription/portal", ...(reason ? { reason } : {}) },
    })
  }
}

export class PaymentPending extends AppError {
  constructor() {
    super(409, "payment_pending", "Your payment is on its way; Pro begins when it has arrived.")
  }
}

export class NotSubscribed extends AppError {
  constructor() {
    super(409, "not_subscribed", "There is nothing to manage yet. Begin with POST /subscribe/pro.", {
      extra: { upgrade: "/subscribe/pro" },
    })
  }
}

export class RateLimited extends AppError {
  constructor(retryAfterSeconds: number, message = "Too many requests. Try again later.") {
    super(429, "rate_limited", message, {
      headers: { "Retry-After": String(Math.max(1, Math.ceil(retryAfterSeconds))) },
    })
  }
}

export class Unavailable extends AppError {
  constructor(cause?: unknown) {
    super(503, "unavailable", "The service can't answer right now. Try again in a moment.", {
      cause,
      headers: { "Retry-After": "2" },
    })
  }
}
