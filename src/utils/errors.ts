export type ProblemCode = keyof typeof PROBLEMS

/** Each error's stable `code` with its HTTP status and meaning. The OpenAPI document is generated from this table. */
export const PROBLEMS = {
  invalid_request: [400, "The request is invalid. `errors` lists each fault."],
  attachment_invalid: [400, "The file is empty, cut off, broken or beyond a limit of its type."],
  attachment_unsupported: [
    400,
    "The model doesn't read files of this type. `GET /models` lists those that it does.",
  ],
  bad_signature: [400, "The webhook signature is missing, invalid or too old."],
  unauthenticated: [401, "The bearer token is missing or invalid."],
  otp_invalid: [401, "The code is wrong, expired or already used, or the number isn't registered."],
  credentials_invalid: [401, "The mobile number or password is wrong."],
  refresh_token_invalid: [401, "The refresh token is invalid, expired or already used."],
  current_password_invalid: [403, "The current password is missing or wrong."],
  recent_sign_in_required: [403, "This needs a session that a code has opened in the last 10 minutes."],
  forbidden: [403, "You are signed in but not allowed to do this."],
  storage_quota_exceeded: [
    403,
    "Your files take all the space that you have. Delete some, or chatrooms that hold them.",
  ],
  not_found: [404, "The resource doesn't exist or belongs to another user."],
  method_not_allowed: [405, "The path doesn't support this method. `Allow` lists those it does."],
  mobile_number_taken: [409, "The mobile number is already registered and verified."],
  already_subscribed: [409, "The user already has a subscription. `portal` is where to manage it."],
  payment_pending: [409, "A payment is being processed. Pro starts as soon as it succeeds."],
  not_subscribed: [409, "The user has no subscription to manage."],
  nothing_to_share: [409, "The conversation has no finished reply that could be shared."],
  import_in_progress: [409, "The user has an import that hasn't ended."],
  room_busy: [409, "A reply in the chatroom is unfinished, and the message was to be sent only if none is."],
  already_started: [409, "A worker has begun a reply to the message, so it can't be changed any more."],
  not_continuable: [
    409,
    "The reply can't be continued: it is complete or still being made, has no text, or the model refuses more of it.",
  ],
  attachment_in_use: [409, "A message names the attachment, so it can't be deleted."],
  payload_too_large: [413, "The request body is too large."],
  attachment_too_large: [413, "The file is larger than an attachment may be."],
  unsupported_media_type: [415, "The request body isn't JSON in UTF-8."],
  attachment_type_unknown: [415, "The file is of a type that attachments can't have."],
  idempotency_conflict: [422, "The `Idempotency-Key` was already used with a different request."],
  rate_limited: [429, "Too many requests or open streams. `Retry-After` says when to try again."],
  quota_exceeded: [
    429,
    "Today's prompts are used up. `resetsAt` and `Retry-After` say when the quota resets.",
  ],
  internal: [500, "An unexpected error in the service."],
  billing_unavailable: [503, "This service doesn't sell subscriptions yet. Everything else works."],
  unavailable: [503, "The service is temporarily unavailable. `Retry-After` says when to try again."],
} as const satisfies Record<string, readonly [status: number, meaning: string]>

/** A fault in a request: its location, as a path such as `body.message`, and what is wrong there. */
export interface FieldFault {
  path: string
  message: string
}

interface Details {
  /** Instead of the code's own. */
  status?: number
  errors?: FieldFault[]
  headers?: Record<string, string>
  extra?: Record<string, unknown>
  cause?: unknown
}

/**
 * An error that is safe to show to clients: a stable `code`, an HTTP status and a sentence. Each subclass has one
 * meaning. The error handler turns it into RFC 9457 problem details.
 */
export class AppError extends Error {
  readonly status: number
  readonly code: ProblemCode
  readonly errors: FieldFault[] | undefined
  readonly headers: Record<string, string>
  readonly extra: Record<string, unknown>

  constructor(code: ProblemCode, message: string, details: Details = {}) {
    super(message, { cause: details.cause })
    this.name = new.target.name
    this.status = details.status ?? PROBLEMS[code][0]
    this.code = code
    this.errors = details.errors
    this.headers = details.headers ?? {}
    this.extra = details.extra ?? {}
  }
}

/** Makes the base class of an error whose message is always the same. */
function withMessage(code: ProblemCode, message: string) {
  return class extends AppError {
    constructor() {
      super(code, message)
    }
  }
}

export class InvalidRequest extends AppError {
  constructor(errors: FieldFault[], message = "The request is invalid.") {
    super("invalid_request", message, { errors })
  }
}

export class Unauthenticated extends AppError {
  constructor(message = "Send a valid access token as Authorization: Bearer …") {
    super("unauthenticated", message, { headers: { "WWW-Authenticate": "Bearer" } })
  }
}

export class OtpInvalid extends withMessage(
  "otp_invalid",
  "The code is wrong, expired or already used, or the number isn't registered. Request a new code, or sign up first.",
) {}

export class CredentialsInvalid extends withMessage(
  "credentials_invalid",
  "The mobile number or password is wrong.",
) {}

export class RefreshTokenInvalid extends withMessage(
  "refresh_token_invalid",
  "The refresh token is invalid, expired or already used. Sign in again.",
) {}

export class CurrentPasswordInvalid extends withMessage(
  "current_password_invalid",
  "Enter your current password; the one sent is missing or wrong.",
) {}

export class RecentSignInRequired extends withMessage(
  "recent_sign_in_required",
  "Sign in with a code first, and try again within 10 minutes.",
) {}

export class Forbidden extends AppError {
  constructor(message: string) {
    super("forbidden", message)
  }
}

export class NotFound extends AppError {
  constructor(what = "resource") {
    super("not_found", `${what[0]?.toUpperCase()}${what.slice(1)} not found.`)
  }
}

export class MethodNotAllowed extends AppError {
  constructor(allow: string[]) {
    super("method_not_allowed", `This path supports only ${allow.join(", ")}.`, {
      headers: { Allow: allow.join(", ") },
    })
  }
}

export class MobileNumberTaken extends withMessage(
  "mobile_number_taken",
  "This mobile number is already registered. Sign in with a code.",
) {}

export class PayloadTooLarge extends AppError {
  constructor(maxBytes: number) {
    super("payload_too_large", `The request body is larger than ${maxBytes} bytes.`)
  }
}

export class AttachmentTooLarge extends AppError {
  constructor(maxBytes: number) {
    super(
      "attachment_too_large",
      `An attachment may have ${Math.floor(maxBytes / (1024 * 1024))} MB at most.`,
      {
        extra: { maxBytes },
      },
    )
  }
}

/** The content isn't what its beginning promises, or is more than it may be; `fault` says how, as a sentence. */
export class AttachmentInvalid extends AppError {
  constructor(fault: string) {
    super("attachment_invalid", fault)
  }
}

export class AttachmentTypeUnknown extends withMessage(
  "attachment_type_unknown",
  "Attach a PNG, JPEG, WebP or GIF image, a PDF, or text in UTF-8.",
) {}

export class AttachmentUnsupported extends AppError {
  constructor(model: string, types: readonly string[]) {
    const readable = types.length > 0 ? `It reads ${types.join(", ")}.` : "It reads no files."
    super("attachment_unsupported", `The model ${model} doesn't read a file of this type. ${readable}`)
  }
}

export class AttachmentInUse extends withMessage(
  "attachment_in_use",
  "A message names this attachment. Delete the message or its chatroom, and the attachment goes with it.",
) {}

export class ImportInProgress extends withMessage(
  "import_in_progress",
  "Your last import hasn't ended yet. Wait for it, and try again.",
) {}

export class StorageQuotaExceeded extends AppError {
  constructor(maxBytes: number) {
    super(
      "storage_quota_exceeded",
      `Your files would take more than ${maxBytes} bytes. Delete chatrooms that hold files, or files that no message names.`,
      { extra: { maxBytes } },
    )
  }
}

export class UnsupportedMediaType extends AppError {
  constructor(message = "Send the body as application/json in UTF-8.") {
    super("unsupported_media_type", message)
  }
}

export class IdempotencyConflict extends withMessage(
  "idempotency_conflict",
  "This Idempotency-Key was already used with a different request. Use a new key.",
) {}

export class QuotaExceeded extends AppError {
  readonly tier: string

  constructor({ tier, limit, resetsAt, now }: { tier: string; limit: number; resetsAt: Date; now: Date }) {
    const seconds = Math.max(1, Math.ceil((resetsAt.getTime() - now.getTime()) / 1000))
    super(
      "quota_exceeded",
      `You have used today's ${limit} prompts. Upgrade to Pro for more, or come back tomorrow.`,
      {
        headers: { "Retry-After": String(seconds) },
        extra: { limit, resetsAt: resetsAt.toISOString(), upgrade: "/subscribe/pro" },
      },
    )
    this.tier = tier
  }
}

export class NothingToShare extends withMessage(
  "nothing_to_share",
  "There is no finished reply to share yet. Share the conversation once a reply is complete.",
) {}

export class RoomBusy extends withMessage(
  "room_busy",
  "A reply in this chatroom isn't finished yet. Wait for it, stop it, or send the message with another `onBusy`.",
) {}

export class AlreadyStarted extends withMessage(
  "already_started",
  "The reply to this message has begun. Send the changed message beside it, with the same parent.",
) {}

export class NotContinuable extends withMessage(
  "not_continuable",
  "Only a reply that ended early, with text, can be continued. Stop it first, or regenerate it.",
) {}

export class BadSignature extends withMessage(
  "bad_signature",
  "The webhook signature is missing, invalid or too old.",
) {}

export class AlreadySubscribed extends AppError {
  /** @param reason why the existing subscription isn't active */
  constructor({ reason }: { reason?: string } = {}) {
    const detail = reason
      ? "You already have a subscription, but it isn't active. Pay the open invoice or update your card in the billing portal."
      : "You are already on Pro. Manage your subscription in the billing portal."
    super("already_subscribed", detail, {
      extra: { portal: "/subscription/portal", ...(reason ? { reason } : {}) },
    })
  }
}

export class PaymentPending extends withMessage(
  "payment_pending",
  "Your payment is being processed. Pro starts as soon as it succeeds.",
) {}

export class NotSubscribed extends AppError {
  constructor() {
    super("not_subscribed", "You don't have a subscription yet. Start one with POST /subscribe/pro.", {
      extra: { upgrade: "/subscribe/pro" },
    })
  }
}

export class BillingUnavailable extends AppError {
  constructor() {
    super("billing_unavailable", "Subscriptions aren't available yet. Everything else works.", {
      // Until then an operator has to restart the service.
      headers: { "Retry-After": "3600" },
    })
  }
}

export class RateLimited extends AppError {
  constructor(
    retryAfterSeconds: number,
    message = "Too many requests. Try again after the time in Retry-After.",
  ) {
    super("rate_limited", message, {
      headers: { "Retry-After": String(Math.max(1, Math.ceil(retryAfterSeconds))) },
    })
  }
}

export class Unavailable extends AppError {
  constructor(cause?: unknown) {
    super("unavailable", "The service is temporarily unavailable. Try again in a moment.", {
      cause,
      headers: { "Retry-After": "2" },
    })
  }
}
