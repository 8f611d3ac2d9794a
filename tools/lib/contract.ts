import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js"
import addFormats from "ajv-formats"
import { describeService } from "../../src/routes/docs.routes.ts"
import { rows } from "../../src/routes/index.ts"
import {
  type JsonSchema,
  type OpenApi,
  type Operation,
  type ReplyObject,
  resolve,
} from "../../src/routes/openapi/types.ts"

/** What came back for a request. */
export interface Exchange {
  method: string
  /** With or without a query. */
  path: string
  status: number
  headers: Headers
  /** Parsed, where it is JSON. */
  body: unknown
}

export type Contract = ReturnType<typeof createContract>

let shared: Contract | undefined

/** The contract of the running code; validators are compiled when first needed, and once. */
export function contract(): Contract {
  shared ??= createContract(describeService(rows))
  return shared
}

/** @throws when a reply isn't as documented */
export function expectDocumented(exchange: Exchange): void {
  const faults = contract().check(exchange)
  if (faults.length === 0) return
  const { method, path, status } = exchange
  throw new Error(`Not in the OpenAPI document: ${method} ${path} → ${status}\n- ${faults.join("\n- ")}`)
}

export function createContract(document: OpenApi) {
  const validate = createValidation(document)
  const find = createFinder(document)
  const replyOf = (operation: Operation, status: number): ReplyObject | null => {
    const reply = operation.responses[status]
    return reply ? resolve(document, reply) : null
  }
  return {
    document,
    /** The operation that a request is for, by the document. */
    find,
    /** What is wrong with a value by a schema of the document. */
    validate,
    /** Lists what isn't documented in a reply, one line each. */
    check(exchange: Exchange): string[] {
      const { method, path, status, headers, body } = exchange
      const found = find(method, path)
      if (!found) return checkOutside(validate, exchange)
      const reply = replyOf(found.operation, status)
      if (!reply) return [`status ${status} of ${found.template}: ${JSON.stringify(body)?.slice(0, 300)}`]
      const faults = checkHeaders(document, validate, reply, headers)
      return method === "HEAD" ? faults : [...faults, ...checkBody(validate, reply, headers, body)]
    },
    /** The same for the `data` of one event of a stream. */
    checkEvent({ method, path }: { method: string; path: string }, event: string, data: unknown): string[] {
      const stream = replyOf(find(method, path)?.operation as Operation, 200)?.content?.["text/event-stream"]
      const schema = stream?.["x-events"]?.[event]
      return schema ? validate(schema, data) : [`event ${event}`]
    },
  }
}

type Validate = ReturnType<typeof createValidation>

function createValidation(document: OpenApi) {
  // Formats that no schema here has would be a mistake; other keywords are the document's own.
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormats.default(ajv)
  ajv.addSchema({ $id: "openapi:", components: { schemas: close(document.components.schemas) } })
  const compiled = new Map<JsonSchema, ValidateFunction>()
  return (schema: JsonSchema, value: unknown): string[] => {
    let check = compiled.get(schema)
    if (!check) {
      const own = JSON.stringify(close(schema)).replaceAll('"#/components/', '"openapi:#/components/')
      check = ajv.compile(JSON.parse(own))
      compiled.set(schema, check)
    }
    if (check(value)) return []
    return (check.errors ?? []).map(({ instancePath, message, params }) =>
      `body${instancePath} ${message} ${JSON.stringify(params)}`.slice(0, 300),
    )
  }
}

/** Clients must ignore new fields; the service must not send any that it doesn't document. */
function close<T>(schema: T): T {
  if (Array.isArray(schema)) return schema.map(close) as T
  if (typeof schema !== "object" || schema === null) return schema
  const closed = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, close(value)]))
  const isObject = closed.type === "object" && "properties" in closed
  if (isObject && !("additionalProperties" in closed)) closed.additionalProperties = false
  return closed as T
}

function createFinder(document: OpenApi) {
  const routes = Object.entries(document.paths).map(([template, methods]) => ({
    template,
    methods,
    // As Express matches: any case, and a slash may follow.
    pattern: new RegExp(`^${template.replace(/[.]/g, "\\.").replace(/\{\w+\}/g, "[^/]+")}/?$`, "i"),
  }))
  return (method: string, path: string): { template: string; operation: Operation } | null => {
    const pathname = path.split(/[?#]/)[0] as string
    const name = method === "HEAD" ? "get" : method.toLowerCase()
    for (const { template, methods, pattern } of routes) {
      const operation = pattern.test(pathname) ? methods[name] : undefined
      if (operation) return { template, operation }
    }
    return null
  }
}

/** One object, as validators are kept by schema: a new one each time would be compiled each time. */
const PROBLEM: JsonSchema = { $ref: "#/components/schemas/Problem" }

/** Unknown paths, other methods of known ones, and what can't be parsed are problems, too. */
function checkOutside(validate: Validate, { method, path, status, headers, body }: Exchange): string[] {
  if (![204, 400, 404, 405].includes(status)) return [`status ${status} of ${path}, which isn't documented`]
  const faults = headers.has("x-request-id") ? [] : ["header X-Request-Id is missing"]
  const isEmpty = status === 204 || method === "HEAD"
  return isEmpty ? faults : [...faults, ...validate(PROBLEM, body)]
}

function checkHeaders(document: OpenApi, validate: Validate, reply: ReplyObject, headers: Headers): string[] {
  const declared = Object.entries(reply.headers).flatMap(([name, header]) => {
    const { required, schema } = resolve(document, header)
    const value = headers.get(name)
    if (value === null) return required ? [`header ${name} is missing`] : []
    return validate(schema, value).map((fault) => `header ${name}: ${fault}`)
  })
  const known = Object.keys(document.components.headers).map((name) => name.replace(/\.optional$/, ""))
  const undeclared = known.filter((name) => headers.has(name) && !(name in reply.headers))
  return [...declared, ...undeclared.map((name) => `header ${name}`)]
}

function checkBody(validate: Validate, reply: ReplyObject, headers: Headers, body: unknown): string[] {
  const type = headers.get("content-type")?.split(";")[0]
  if (!reply.content) return type || body ? [`a body of ${type}`] : []
  const content = type === undefined ? undefined : reply.content[type]
  if (!content) return [`a body of ${type}`]
  return type === "text/event-stream" ? [] : validate(content.schema, body)
}
