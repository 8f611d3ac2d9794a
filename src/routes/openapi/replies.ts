import { z } from "zod"
import { Problem } from "../../schemas/problem.ts"
import { PROBLEMS, type ProblemCode } from "../../utils/errors.ts"
import { formatSse } from "../../utils/sse.ts"
import { type Endpoint, media, type ReplyBody } from "../endpoint.ts"
import type { Components } from "./components.ts"
import { exampleOf } from "./example.ts"
import { REPLY_HEADERS, type ReplyHeader } from "./headers.ts"
import type { Content, Ref, ReplyObject } from "./types.ts"

/** Describes an endpoint's replies by status: what its row declares and what its guards raise. */
export function describeReplies(row: Endpoint, components: Components): Record<string, ReplyObject | Ref> {
  const successes = Object.entries(row.reply).map(([status, body]) => [
    status,
    {
      description: MEANINGS[status] ?? "Done.",
      headers: describeHeaders(successHeaders(row, Number(status)), components),
      ...(body === null ? {} : { content: describeContent(body, components) }),
    },
  ])
  return Object.fromEntries([...successes, ...describeErrors(row, components)])
}

const MEANINGS: Record<string, string> = {
  200: "Done.",
  201: "Created.",
  202: "Accepted; processing continues in the background.",
  204: "Done; no content.",
  304: "Your copy is still current.",
  503: "Not ready.",
}

function successHeaders({ limit, query, responseHeaders = [] }: Endpoint, status: number): ReplyHeader[] {
  const pages = query instanceof z.ZodObject && "cursor" in query.shape && status < 400
  return ["X-Request-Id", ...(limit ? LIMITED : []), ...(pages ? PAGED : []), ...responseHeaders]
}

const LIMITED = ["RateLimit-Policy", "RateLimit"] as const
const PAGED = ["Link"] as const

function describeContent(
  body: ReplyBody | readonly ReplyBody[],
  components: Components,
): Record<string, Content> {
  if (Array.isArray(body)) return Object.assign({}, ...body.map((each) => describeContent(each, components)))
  return describeOne(body as ReplyBody, components)
}

function describeOne(body: ReplyBody, components: Components): Record<string, Content> {
  if (body instanceof z.ZodType) {
    const schema = components.output(body)
    return { "application/json": { schema, example: exampleOf(schema, components.named) } }
  }
  if ("events" in body) return { "text/event-stream": describeStream(body.events, components) }
  return Object.fromEntries(body.types.map((type) => [type, { schema: { type: "string" } }]))
}

/** OpenAPI 3.1 can't describe the items of a stream, so the schemas of the events are in an extension. */
function describeStream(events: Record<string, z.ZodType>, components: Components): Content {
  const described = Object.entries(events).map(([name, data]) => [name, components.output(data)] as const)
  const names = described.map(([name]) => `\`${name}\``).join(", ")
  return {
    schema: { type: "string", description: `Server-sent events: ${names}; \`data\` is JSON.` },
    example: described
      .map(([event, schema]) => formatSse({ event, id: "1-5", data: exampleOf(schema, components.named) }))
      .join(""),
    "x-events": Object.fromEntries(described),
  }
}

function describeErrors(row: Endpoint, components: Components): [string, Ref][] {
  const codes = [...new Set([...guardErrors(row), ...(row.errors ?? [])])]
  const statuses = [...new Set(codes.map(statusOf))].filter((status) => !(status in row.reply))
  return statuses
    .sort((a, b) => a - b)
    .map((status) => {
      const own = codes.filter((code) => statusOf(code) === status).sort()
      const variants = [...(row.limit ? [] : ["unlimited"]), ...(isErrorPage(row, own) ? ["page"] : [])]
      const name = [...own, ...variants].join(".")
      return [String(status), components.share("responses", name, () => describeError(row, own, components))]
    })
}

const statusOf = (code: ProblemCode): number => PROBLEMS[code][0]

/** Whether browsers get the error as a page. */
const isErrorPage = ({ errorPages = [] }: Endpoint, codes: ProblemCode[]) =>
  codes.some((code) => errorPages.includes(code))

/** Errors of the guards, in the order they run, and those that any request may get. */
function guardErrors({ auth, limit, params, query, body, raw }: Endpoint): ProblemCode[] {
  return [
    ...(auth === "none" ? [] : (["unauthenticated"] as const)),
    ...(auth === "admin" ? (["forbidden"] as const) : []),
    ...(limit ? (["rate_limited"] as const) : []),
    ...(params || query || body ? (["invalid_request"] as const) : []),
    ...(auth === "none" && raw ? (["invalid_request", "unavailable"] as const) : []),
    ...(body ? (["payload_too_large", "unsupported_media_type"] as const) : []),
    ...(params ? (["not_found"] as const) : []),
    ...(auth === "none" && !limit ? [] : (["unavailable"] as const)),
    "internal",
  ]
}

function describeError(row: Endpoint, codes: ProblemCode[], components: Components): ReplyObject {
  const status = statusOf(codes[0] as ProblemCode)
  const isPage = isErrorPage(row, codes)
  const headers: ReplyHeader[] = ["X-Request-Id"]
  if (status === 401) headers.push("WWW-Authenticate")
  if (status === 429 || status === 503) headers.push("Retry-After")
  return {
    description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code][1]}`).join("\n\n"),
    headers: {
      ...describeHeaders(headers, components),
      // An error may come before the request was counted.
      ...(row.limit ? describeHeaders(LIMITED, components, false) : {}),
      ...(isPage ? describeHeaders(row.responseHeaders ?? [], components, false) : {}),
    },
    content: {
      "application/problem+json": {
        schema: { ...components.output(Problem), properties: { code: { enum: codes } } },
        examples: Object.fromEntries(codes.map((code) => [code, { value: exampleProblem(code) }])),
      },
      ...(isPage ? describeOne(media("text/html"), components) : {}),
    },
  }
}

function describeHeaders(names: readonly ReplyHeader[], components: Components, mayBeRequired = true) {
  const headers = names.map((name) => {
    const { isAlways, ...header } = REPLY_HEADERS[name]
    const required = isAlways && mayBeRequired
    const shared = isAlways && !required ? `${name}.optional` : name
    return [name, components.share("headers", shared, () => ({ required, ...header }))]
  })
  return Object.fromEntries(headers) as Record<string, Ref>
}

function exampleProblem(code: ProblemCode): object {
  const [status, detail] = PROBLEMS[code]
  return {
    type: `urn:problem:${code}`,
    title: code.replaceAll("_", " "),
    status,
    detail,
    code,
    requestId: REPLY_HEADERS["X-Request-Id"].example,
    ...EXTRAS[code],
  }
}

const EXTRAS: Partial<Record<ProblemCode, object>> = {
  invalid_request: { errors: [{ path: "body.message", message: "must not be blank" }] },
  already_subscribed: { portal: "/subscription/portal" },
  not_subscribed: { upgrade: "/subscribe/pro" },
  quota_exceeded: { limit: 5, resetsAt: "2026-03-02T00:00:00.000Z", upgrade: "/subscribe/pro" },
}
