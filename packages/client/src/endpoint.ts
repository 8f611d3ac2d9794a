import type { Endpoints } from "./types.ts"

/** An endpoint by its method and path, such as `GET /chatroom/{id}`. */
export type Endpoint = keyof Endpoints

/** What an endpoint returns. */
export type Reply<E extends Endpoint> = Endpoints[E]["reply"]

type Part<E extends Endpoint, Name extends string> = Endpoints[E] extends { [K in Name]: infer T } ? T : never

/** `[T]`: a part that the endpoint hasn't is `never`, over which a condition would distribute. */
type Given<Name extends string, T> = [T] extends [never]
  ? unknown
  : Record<never, never> extends T
    ? { [K in Name]?: T }
    : { [K in Name]: T }

/** What an endpoint needs: path parameters and a body where it has them; a query and headers where wanted. */
export type Request<E extends Endpoint> = Given<"params", Part<E, "params">> &
  Given<"query", Part<E, "query">> &
  Given<"body", Part<E, "body">> & {
    headers?: Partial<Part<E, "headers">> & { "X-Request-Id"?: string } & Record<string, string | undefined>
    signal?: AbortSignal
  }

/** The request may be left out where nothing in it is needed. */
export type Arguments<E extends Endpoint> =
  Record<never, never> extends Request<E> ? [request?: Request<E>] : [request: Request<E>]

/** The same, as the client handles it. */
export interface AnyRequest {
  params?: Record<string, string>
  query?: Record<string, unknown>
  headers?: Record<string, string | undefined>
  body?: unknown
  /** A body as it is, instead of one of JSON. */
  file?: Blob | string | Uint8Array<ArrayBuffer>
  signal?: AbortSignal
}

/** Fills the path's parameters in. @throws {TypeError} when one is missing */
export function toUrl(baseUrl: string, endpoint: string, { params = {}, query = {} }: AnyRequest): string {
  const path = endpoint.slice(endpoint.indexOf(" ") + 1).replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = params[name]
    if (!value) throw new TypeError(`${endpoint} needs the parameter ${name}`)
    return encodeURIComponent(value)
  })
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value))
  return `${baseUrl.replace(/\/+$/, "")}${path}${search.size > 0 ? `?${search}` : ""}`
}

export const methodOf = (endpoint: string) => endpoint.slice(0, endpoint.indexOf(" "))
