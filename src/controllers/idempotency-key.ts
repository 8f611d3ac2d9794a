import type { IdempotencyKey } from "../services/chat/idempotency.ts"
import { InvalidRequest } from "../utils/errors.ts"

/** Printable ASCII, as draft-ietf-httpapi-idempotency-key-header's strings are. */
const FORM = /^[\x21-\x7e]{1,255}$/

/** The request's `Idempotency-Key`, null without one. `request` is what must be the same when it comes again. */
export function readIdempotencyKey(header: string | undefined, request: unknown): IdempotencyKey | null {
  if (header === undefined) return null
  if (!FORM.test(header)) {
    throw new InvalidRequest([
      { path: "headers.Idempotency-Key", message: "must have 1 to 255 printable ASCII characters" },
    ])
  }
  return { key: header, request }
}

/** Says that the answer is the first one again. */
export function replayHeaders(replayed: boolean): Record<string, string> {
  return replayed ? { "Idempotency-Replayed": "true" } : {}
}
