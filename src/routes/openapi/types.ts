export type JsonSchema = { $ref?: string; description?: string; [keyword: string]: unknown }

/** A place in `components`. */
export type Ref = { $ref: string }

/** The parts of an OpenAPI 3.1 document that this project uses. */
export interface OpenApi {
  openapi: string
  info: { title: string; version: string; description: string; license: object }
  paths: Record<string, Record<string, Operation>>
  components: {
    schemas: Record<string, JsonSchema>
    responses: Record<string, ReplyObject>
    parameters: Record<string, Parameter>
    headers: Record<string, HeaderObject>
    securitySchemes: object
  }
  [more: string]: unknown
}

export interface Operation {
  operationId: string
  tags: string[]
  summary: string
  description: string
  security: Record<string, string[]>[]
  parameters: (Parameter | Ref)[]
  requestBody?: { required: boolean; content: Record<string, Content> }
  responses: Record<string, ReplyObject | Ref>
}

export interface Parameter {
  name: string
  in: "path" | "query" | "header"
  required: boolean
  description?: string
  schema: JsonSchema
  example?: string
}

export interface ReplyObject {
  description: string
  headers: Record<string, HeaderObject | Ref>
  content?: Record<string, Content>
}

export interface Content {
  schema: JsonSchema
  example?: unknown
  examples?: Record<string, { value: unknown }>
  /** Of an event stream: the schema of `data` by event. */
  "x-events"?: Record<string, JsonSchema>
}

export interface HeaderObject {
  required: boolean
  description: string
  schema: JsonSchema
  example?: string
}

/** Lists every operation with its method and path: `GET /chatroom`. */
export function operationsOf({ paths }: Pick<OpenApi, "paths">) {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([key, operation]) => {
      const method = key.toUpperCase()
      return { name: `${method} ${path}`, method, path, operation }
    }),
  )
}

/** Whether one of the operation's replies is an event stream. */
export function hasStream(document: OpenApi, { responses }: Operation): boolean {
  return Object.values(responses).some(
    (reply) => "text/event-stream" in (resolve(document, reply).content ?? {}),
  )
}

/** Follows `thing` if it is a reference. */
export function resolve<T extends object>(document: OpenApi, thing: T | Ref): T {
  if (!("$ref" in thing)) return thing
  const [, , kind, name] = thing.$ref.split("/")
  const components = document.components as unknown as Record<string, Record<string, T>>
  const found = components[kind ?? ""]?.[name ?? ""]
  if (!found) throw new Error(`The document has no ${thing.$ref}`)
  return found
}
