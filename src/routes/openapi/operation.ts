import { type Endpoint, isOptional } from "../endpoint.ts"
import type { Components } from "./components.ts"
import { exampleOf } from "./example.ts"
import { REQUEST_HEADERS } from "./headers.ts"
import { describeReplies } from "./replies.ts"
import { tagOf } from "./tags.ts"
import type { JsonSchema, Operation, Parameter } from "./types.ts"

/** Describes one endpoint as an OpenAPI operation. */
export function describeOperation(row: Endpoint, components: Components): Operation {
  const { summary, description } = row
  return {
    operationId: row.run.name,
    tags: [tagOf(row.path)],
    summary,
    description,
    security: SECURITY[row.auth],
    parameters: describeParameters(row, components),
    ...(row.body ? { requestBody: describeBody(row.body, components) } : {}),
    ...(row.raw ? { requestBody: { required: true, content: RAW_BODY } } : {}),
    ...(row.upload
      ? { requestBody: { required: true, content: describeUpload(row.upload, components) } }
      : {}),
    responses: describeReplies(row, components),
  }
}

/** The signature covers the raw bytes, so only the service parses them. */
const RAW_BODY = { "application/json": { schema: { type: "object" }, example: {} } }

/** What types of files there are is found out by their content. */
function describeUpload({ json }: NonNullable<Endpoint["upload"]>, components: Components) {
  const contentMediaType = json ? "application/json" : "application/octet-stream"
  const properties = { file: { type: "string", contentMediaType } }
  return {
    "multipart/form-data": { schema: { type: "object", required: ["file"], properties } },
    ...(json ? describeBody(json, components).content : { "application/octet-stream": { schema: {} } }),
  }
}

const SECURITY: Record<Endpoint["auth"], Operation["security"]> = {
  none: [],
  user: [{ accessToken: [] }],
  admin: [{ adminToken: [] }, { adminSession: [] }],
  metrics: [{ metricsToken: [] }],
}

function describeParameters({ params, query, requestHeaders = [] }: Endpoint, components: Components) {
  return [
    ...(params ? describeFields("path", components.input(params)) : []),
    ...(query ? describeFields("query", components.input(query)) : []),
    ...(["X-Request-Id", ...requestHeaders] as const).map((name) => {
      const parameter = { name, in: "header" as const, required: false, ...REQUEST_HEADERS[name] }
      return components.share("parameters", name, () => parameter)
    }),
  ]
}

function describeFields(location: "path" | "query", schema: JsonSchema): Parameter[] {
  const required = (schema.required ?? []) as string[]
  return Object.entries(schema.properties as Record<string, JsonSchema>).map(
    ([name, { description, ...own }]) => ({
      name,
      in: location,
      required: location === "path" || required.includes(name),
      ...(description ? { description } : {}),
      schema: own,
    }),
  )
}

function describeBody(body: NonNullable<Endpoint["body"]>, components: Components) {
  const schema = components.input(body)
  const example = exampleOf(schema, components.named)
  return { required: !isOptional(body), content: { "application/json": { schema, example } } }
}
