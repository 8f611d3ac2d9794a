import type { z } from "zod"
import type { LimitName } from "../config/limits.ts"
import type { UploadTimeout } from "../config/timing.ts"
import type { EndpointInput, HttpResponse } from "../controllers/http.ts"
import type { UploadLimit } from "../middleware/upload.ts"
import type { Context } from "../services/context.ts"
import type { ProblemCode } from "../utils/errors.ts"
import type { ReplyHeader, RequestHeader } from "./openapi/headers.ts"

type Schema = z.ZodType | undefined
type Output<S extends Schema> = S extends z.ZodType ? z.infer<S> : undefined
type Method = "get" | "post" | "put" | "patch" | "delete"

/** Declares one endpoint: its guards in the order they run, its request and response schemas and its controller. */
export interface Endpoint<P extends Schema = Schema, Q extends Schema = Schema, B extends Schema = Schema> {
  method: Method
  path: string
  /** One line without a full stop; the title in the documentation. */
  summary: string
  /** What a client must know beyond the summary, as Markdown. */
  description: string
  /**
   * `user` requires a live access token, whose principal is `input.user`; `admin` an operator's token; `metrics` the
   * metrics token or an operator's.
   */
  auth: "none" | "user" | "admin" | "metrics"
  /** For `admin`: the action name in the audit log. Omitted only if the endpoint changes nothing and shows no personal data. */
  audit?: string
  /** The named rate limit, per user where there is one, per address otherwise. */
  limit?: LimitName
  params?: P
  query?: Q
  body?: B
  /** Takes the body as raw bytes, whatever its content type: `input.raw`. */
  raw?: { maxBytes: number }
  /**
   * Takes a file as body, raw or as the only file of a form: `input.upload`, which comes in while it is read.
   * `json` describes it where it is JSON.
   */
  upload?: UploadLimit & { timeout: UploadTimeout; json?: z.ZodType }
  /** Request headers that the controller reads. */
  requestHeaders?: readonly RequestHeader[]
  /** Successes by status: the schema of a JSON body, another kind of body, a choice of them, or null for none. */
  reply: Record<number, ReplyBody | readonly ReplyBody[] | null>
  /** Headers of the successes, beside those that the guards set. */
  responseHeaders?: readonly ReplyHeader[]
  /** Errors that the service raises, beside those of the guards. */
  errors?: readonly ProblemCode[]
  /** Errors that browsers get as a page. */
  errorPages?: readonly ProblemCode[]
  run(
    ctx: Context,
    input: EndpointInput<{ params: Output<P>; query: Output<Q>; body: Output<B> }>,
  ): Promise<HttpResponse> | HttpResponse
}

/** Checks whether a request may leave the body out, because its schema has a default. */
export function isOptional(body: z.ZodType): boolean {
  return body.safeParse(undefined).success
}

export type ReplyBody = z.ZodType | Media

/** A body other than JSON of one schema: other types, or server-sent events by name. */
export type Media = { types: readonly string[] } | { events: Readonly<Record<string, z.ZodType>> }

/** A body of one of these media types. */
export const media = (...types: string[]): Media => ({ types })

/** What all rows have that answer with a page of the web client's build. */
export const BUILT_PAGE = {
  auth: "none",
  requestHeaders: ["If-None-Match"],
  responseHeaders: ["ETag"],
  reply: { 200: media("text/html"), 304: null, 503: media("text/html") },
} as const

/** `text/event-stream` with these events, each with the schema of its `data`. */
export const eventStream = (events: Record<string, z.ZodType>): Media => ({ events })

type Declared<P extends Schema, Q extends Schema, B extends Schema> = Omit<
  Endpoint<P, Q, B>,
  "method" | "path"
>

function declare(method: Method) {
  return <P extends Schema = undefined, Q extends Schema = undefined, B extends Schema = undefined>(
    path: string,
    row: Declared<P, Q, B>,
  ): Endpoint => ({ method, path, ...row }) as Endpoint
}

export const get = declare("get")
export const post = declare("post")
export const put = declare("put")
export const patch = declare("patch")
export const del = declare("delete")
