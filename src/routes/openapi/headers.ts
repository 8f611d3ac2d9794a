import type { JsonSchema } from "./types.ts"

export type RequestHeader = keyof typeof REQUEST_HEADERS
export type ReplyHeader = keyof typeof REPLY_HEADERS

/**
 * Request headers; `requestHeaders` of a row names those it reads. Examples are in the schemas: the documentation page
 * would send any others with every call that is tried on it.
 */
export const REQUEST_HEADERS = {
  "X-Request-Id": requestHeader(
    "Used as the request's id if it is 1 to 128 letters, digits or `_.:-`.",
    "checkout-17",
  ),
  "Idempotency-Key": requestHeader(
    "1 to 255 printable ASCII characters. Repeating a request with the same key within 48 hours returns the first result.",
    "3f2a9d1c",
    { minLength: 1, maxLength: 255, pattern: "^[\\x21-\\x7e]+$" },
  ),
  "If-None-Match": requestHeader(
    "The `ETag` of your copy. Returns 304 if it is still current.",
    '"n2u0vdEkQx1jYPuXQzW9aKf3s7c"',
  ),
  "Last-Event-ID": requestHeader("The id of the last event received. The stream resumes after it.", "1-5"),
  "Stripe-Signature": requestHeader("Stripe's signature of the raw body.", "t=1772323200,v1=5257a869e7"),
  "Content-Disposition": requestHeader(
    "The name of a file that is the body itself.",
    'attachment; filename="holiday.jpg"',
  ),
  Prefer: requestHeader("`wait=N`: wait up to N seconds, at most 60, for the final reply.", "wait=30"),
}

function requestHeader(description: string, example: string, bounds: JsonSchema = {}) {
  return { description, schema: { type: "string", ...bounds, examples: [example] } }
}

/** Response headers. */
export const REPLY_HEADERS = {
  "X-Request-Id": always("The request's id, as in the server's log.", "01a20380-35df-77b7-a96a-565deb07f9f4"),
  "RateLimit-Policy": always(
    "The rate limit that applies: its name, requests and seconds.",
    '"read";q=1200;w=60',
    { pattern: '^"[a-z]+";q=[0-9]+;w=[0-9]+$' },
  ),
  RateLimit: always(
    "What is left of the limit: requests, and seconds until it resets.",
    '"read";r=1199;t=60',
    { pattern: '^"[a-z]+";r=[0-9]+;t=[0-9]+$' },
  ),
  "Retry-After": always("Seconds to wait before trying again.", "30", { pattern: "^[0-9]+$" }),
  "WWW-Authenticate": sometimes("How to authenticate.", "Bearer", { const: "Bearer" }),
  Link: sometimes(
    'The next page, `rel="next"`; absent on the last page.',
    '</chatroom?limit=50&cursor=WyJhIl0>; rel="next"',
    { pattern: '^<[^>]+>; rel="next"$' },
  ),
  Location: always(
    "The path of the created resource; after a prompt, of its reply.",
    "/chatroom/01a20380-35df-77b7-a96a-565deb07f9f4",
    { format: "uri-reference" },
  ),
  "Idempotency-Replayed": sometimes(
    "The `Idempotency-Key` was used before: this is the first result again.",
    "true",
    { const: "true" },
  ),
  "Preference-Applied": sometimes("The wait that was applied.", "wait=30", { pattern: "^wait=[0-9]+$" }),
  ETag: always("The version of the list.", '"n2u0vdEkQx1jYPuXQzW9aKf3s7c"', { pattern: '^"[^"]+"$' }),
  "X-Search-Pending": always(
    "How many of your recent texts aren't indexed yet; 1000 for that many or more.",
    "0",
  ),
  "X-Cache": always("Whether the list came from the cache.", "HIT", { enum: ["HIT", "MISS"] }),
  "Set-Cookie": always(
    "Sets or ends the browser session for paths below `/admin`.",
    "admin_session=…; Path=/admin; HttpOnly; SameSite=Strict; Max-Age=3600",
  ),
  "X-Robots-Tag": always("Keeps search engines away.", "noindex, nofollow, noarchive"),
  "Content-Disposition": always("The name of the file to save as.", 'attachment; filename="export.json"'),
}

/** A header of every success of a row that names it in `responseHeaders`. */
function always(description: string, example: string, rules: JsonSchema = {}) {
  return { description, schema: { type: "string", ...rules } as JsonSchema, example, isAlways: true }
}

function sometimes(...header: Parameters<typeof always>) {
  return { ...always(...header), isAlways: false }
}
