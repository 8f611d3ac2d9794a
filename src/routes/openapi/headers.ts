import type { JsonSchema } from "./types.ts"

export type RequestHeader = keyof typeof REQUEST_HEADERS
export type ReplyHeader = keyof typeof REPLY_HEADERS

interface Header {
  description: string
  schema: JsonSchema
  example: string
}

const text = { type: "string" }
const seconds = { type: "string", pattern: "^[0-9]+$" }

/**
 * Request headers; `requestHeaders` of a row names those it reads. Examples are in the schemas: the documentation page
 * would send any others with every call that is tried on it.
 */
export const REQUEST_HEADERS = {
  "X-Request-Id": {
    description: "Used as the request's id if it is 1 to 128 letters, digits or `_.:-`.",
    schema: { type: "string", examples: ["checkout-17"] },
  },
  "Idempotency-Key": {
    description:
      "1 to 255 printable ASCII characters. Repeating a request with the same key within 48 hours returns the first result.",
    schema: {
      type: "string",
      minLength: 1,
      maxLength: 255,
      pattern: "^[\\x21-\\x7e]+$",
      examples: ["3f2a9d1c"],
    },
  },
  "If-None-Match": {
    description: "The `ETag` of your copy. Returns 304 if it is still current.",
    schema: { type: "string", examples: ['"n2u0vdEkQx1jYPuXQzW9aKf3s7c"'] },
  },
  "Last-Event-ID": {
    description: "The id of the last event received. The stream resumes after it.",
    schema: { type: "string", examples: ["1-5"] },
  },
  "Stripe-Signature": {
    description: "Stripe's signature of the raw body.",
    schema: { type: "string", examples: ["t=1772323200,v1=5257a869e7"] },
  },
  Prefer: {
    description: "`wait=N`: wait up to N seconds, at most 60, for the final reply.",
    schema: { type: "string", examples: ["wait=30"] },
  },
} satisfies Record<string, Omit<Header, "example">>

/** Response headers. `isAlways`: every success of a row that names it in `responseHeaders` has it. */
export const REPLY_HEADERS = {
  "X-Request-Id": {
    description: "The request's id, as in the server's log.",
    schema: text,
    example: "01a20380-35df-77b7-a96a-565deb07f9f4",
    isAlways: true,
  },
  "RateLimit-Policy": {
    description: "The rate limit that applies: its name, requests and seconds.",
    schema: { type: "string", pattern: '^"[a-z]+";q=[0-9]+;w=[0-9]+$' },
    example: '"read";q=1200;w=60',
    isAlways: true,
  },
  RateLimit: {
    description: "What is left of the limit: requests, and seconds until it resets.",
    schema: { type: "string", pattern: '^"[a-z]+";r=[0-9]+;t=[0-9]+$' },
    example: '"read";r=1199;t=60',
    isAlways: true,
  },
  "Retry-After": {
    description: "Seconds to wait before trying again.",
    schema: seconds,
    example: "30",
    isAlways: true,
  },
  "WWW-Authenticate": {
    description: "How to authenticate.",
    schema: { type: "string", const: "Bearer" },
    example: "Bearer",
    isAlways: false,
  },
  Link: {
    description: 'The next page, `rel="next"`; absent on the last page.',
    schema: { type: "string", pattern: '^<[^>]+>; rel="next"$' },
    example: '</chatroom?limit=50&cursor=WyJhIl0>; rel="next"',
    isAlways: false,
  },
  Location: {
    description: "The path of the created resource; after a prompt, of its reply.",
    schema: { type: "string", format: "uri-reference" },
    example: "/chatroom/01a20380-35df-77b7-a96a-565deb07f9f4",
    isAlways: true,
  },
  "Idempotency-Replayed": {
    description: "The `Idempotency-Key` was used before: this is the first result again.",
    schema: { type: "string", const: "true" },
    example: "true",
    isAlways: false,
  },
  "Preference-Applied": {
    description: "The wait that was applied.",
    schema: { type: "string", pattern: "^wait=[0-9]+$" },
    example: "wait=30",
    isAlways: false,
  },
  ETag: {
    description: "The version of the list.",
    schema: { type: "string", pattern: '^"[^"]+"$' },
    example: '"n2u0vdEkQx1jYPuXQzW9aKf3s7c"',
    isAlways: true,
  },
  "X-Cache": {
    description: "Whether the list came from the cache.",
    schema: { type: "string", enum: ["HIT", "MISS"] },
    example: "HIT",
    isAlways: true,
  },
  "Set-Cookie": {
    description: "Sets or ends the browser session for paths below `/admin`.",
    schema: text,
    example: "admin_session=…; Path=/admin; HttpOnly; SameSite=Strict; Max-Age=3600",
    isAlways: true,
  },
  "Content-Disposition": {
    description: "The name of the file to save as.",
    schema: text,
    example: 'attachment; filename="export.json"',
    isAlways: true,
  },
} satisfies Record<string, Header & { isAlways: boolean }>
