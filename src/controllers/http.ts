import type { Admin } from "../services/admin/admin.ts"
import type { Principal } from "../services/auth/principal.ts"
import type { CountedStream } from "../services/platform/stream-limit.ts"
import type { SseEvent } from "../utils/sse.ts"

export type { Principal }

interface Parts {
  params?: unknown
  query?: unknown
  body?: unknown
}

/** A file on its way in. */
export interface Upload {
  /** As the client writes it; null without one. */
  name: string | null
  /** Ends when the whole body has come. @throws {InvalidRequest} for a body that is cut off or no good form */
  chunks: AsyncIterable<Buffer>
}

/** A validated request on a public route. */
export interface PublicInput<T extends Parts = object> {
  params: T["params"]
  query: T["query"]
  body: T["body"]
  /** The raw body, on endpoints that ask for it; empty on all others. */
  raw: Buffer
  /** The file that is sent, on endpoints that take one; empty on all others. */
  upload: Upload
  /** Whether a GET route is asked for the headers alone. */
  isHead: boolean
  /** Returns the first value of a request header. */
  header(name: string): string | undefined
  requestId: string
  /** The client's address: IPv4, or the /64 of an IPv6 one. */
  address: string
  /** Aborts when the client disconnects or the process stops. Created on first access: most requests don't wait. */
  readonly signal: AbortSignal
}

/** A validated request on a route for users. */
export interface UserInput<T extends Parts = object> extends PublicInput<T> {
  user: Principal
}

/** A validated request on a route for operators. */
export interface AdminInput<T extends Parts = object> extends PublicInput<T> {
  admin: Admin
}

/** A validated request on a route of any kind. */
export type EndpointInput<T extends Parts = object> = UserInput<T> & AdminInput<T>

/** What a controller returns; the router writes it. */
export type HttpResponse = {
  status: number
  /** Null takes away one that every response has. */
  headers?: Record<string, string | null>
} & (
  | { body: unknown }
  | { text: string; type: string }
  /** The same bytes for everybody, kept in memory once; `isOwn`: one user's. */
  | { bytes: Uint8Array; type: string; isOwn?: boolean }
  | { chunks: AsyncIterable<string>; type: string }
  /** A file, which is read as fast as the client takes it. */
  | { file: AsyncIterable<Uint8Array>; length: number; type: string }
  | { stream: CountedStream<SseEvent> }
  | { empty: true }
)

type Headers = Record<string, string | null>

export const ok = (body: unknown, headers?: Headers): HttpResponse => ({ status: 200, body, headers })
/** JSON that is written already. */
export const json = (bytes: Uint8Array, headers?: Headers): HttpResponse => ({
  status: 200,
  bytes,
  isOwn: true,
  type: "application/json; charset=utf-8",
  headers,
})
export const html = (text: string, headers?: Headers): HttpResponse => ({
  status: 200,
  text,
  type: "text/html; charset=utf-8",
  headers,
})
export const created = (body: unknown, headers?: Headers): HttpResponse => ({ status: 201, body, headers })
export const seeOther = (location: string): HttpResponse => ({
  status: 303,
  headers: { Location: location },
  empty: true,
})
export const accepted = (body: unknown, headers?: Headers): HttpResponse => ({ status: 202, body, headers })
export const noContent = (headers?: Headers): HttpResponse => ({ status: 204, headers, empty: true })
export const notModified = (headers: Headers): HttpResponse => ({ status: 304, headers, empty: true })
export const events = (stream: CountedStream<SseEvent>): HttpResponse => ({ status: 200, stream })
