import { Refusal } from "../../shared/refusal.ts"

/** The inside of an error body of the API. */
export type ErrorBody = {
  type: "invalid_request_error" | "card_error" | "idempotency_error" | "api_error" | "rate_limit_error"
  message: string
  code?: string
  param?: string
  decline_code?: string
  doc_url?: string
  [more: string]: unknown
}

/** Thrown when a request can't be done; the API answers with its status and body. */
export class Refused extends Refusal {
  readonly body: ErrorBody

  constructor(status: number, body: ErrorBody) {
    super(status, body.message)
    const page = body.code?.replaceAll("_", "-")
    this.body = page ? { doc_url: `https://stripe.com/docs/error-codes/${page}`, ...body } : body
  }
}

/** Builds the error for an unknown id: 404 when it is in the path, 400 when it is the parameter `param`. */
export function noSuch(what: string, id: string, param?: string): Refused {
  return new Refused(param ? 400 : 404, {
    code: "resource_missing",
    message: `No such ${what}: '${id}'`,
    param: param ?? "id",
    type: "invalid_request_error",
  })
}

/** Builds the error for a request that contradicts the state or itself. */
export function invalid(message: string, param?: string, code?: string): Refused {
  return new Refused(400, {
    type: "invalid_request_error",
    message,
    ...(code && { code }),
    ...(param && { param }),
  })
}

const DECLINES = {
  card_declined: { decline_code: "generic_decline", message: "Your card was declined." },
  insufficient_funds: { decline_code: "insufficient_funds", message: "Your card has insufficient funds." },
  authentication_required: {
    decline_code: "authentication_required",
    message: "Your card was declined. This transaction requires authentication.",
  },
} as const

export type Decline = keyof typeof DECLINES

/** The decline of the card's bank in the API's form. */
export function declined(decline: Decline): Refused {
  return new Refused(402, {
    advice_code: "try_again_later",
    code: decline === "authentication_required" ? "authentication_required" : "card_declined",
    network_decline_code: "01",
    param: "",
    type: "card_error",
    ...DECLINES[decline],
  })
}
