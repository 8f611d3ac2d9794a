import type { IdempotencyKey } from "../services/chat/idempotency.ts"
import { InvalidRequest } from "../utils/errors.ts"

/** Printable ASCII, as in the strings of draft-ietf-httpapi-idempotency-key-header. */
const FORM = /^[\x21-\x7e]{1,255}$/

/** Reads the `Idempotency-Key` header; `null` without one. `request` is what a retry with the same key must repeat. */
export function readIdempotencyKey(header: string | undefined, request: unknown): IdempotencyKey | null {
  if (header === undefined) return null
  if (!FORM.test(header)) {
    throw new InvalidRequest([
      { path: "headers.Idempotency-Key", message: "must have 1 to 255 printable ASCII characters" },
    ])
  }
  return { key: header, request }
}

/** Marks a response that repeats the first one. */
export function replayHeaders(replayed: boolean): Record<string, string> {
  return replayed ? { "Idempotency-Replayed": "true" } : {}
}
