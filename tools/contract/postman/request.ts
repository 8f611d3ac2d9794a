import { type OpenApi, type Operation, type Parameter, resolve } from "../../../src/routes/openapi/types.ts"

/** What differs from the request that the document itself suggests. */
export interface Wishes {
  body?: object | undefined
  headers?: Record<string, string>
}

/** A request in the form of Postman's collections v2.1. */
export function toRequest(
  document: OpenApi,
  { method, path, operation }: { method: string; path: string; operation: Operation },
  wishes: Wishes = {},
): object {
  const parameters = operation.parameters.map((parameter) => resolve(document, parameter))
  const json = operation.requestBody?.content["application/json"]
  const body = wishes.body ?? (json && fillIn(json.example))
  /** A collection holds text, so a small text stands for a file. */
  const isUpload = operation.requestBody?.content["multipart/form-data"] !== undefined
  return {
    method,
    description: operation.description,
    ...authOf(operation),
    header: [
      ...(body ? [{ key: "Content-Type", value: "application/json" }] : []),
      ...(isUpload && !body ? [{ key: "Content-Type", value: "text/markdown" }] : []),
      ...optional(parameters, "header"),
    ],
    url: {
      raw: `{{base_url}}${toPostmanPath(path)}`,
      host: ["{{base_url}}"],
      path: toPostmanPath(path).slice(1).split("/"),
      query: optional(parameters, "query"),
      variable: parameters
        .filter(({ in: place }) => place === "path")
        .map(({ name, schema }) => ({ key: name, value: variableFor(path, name, schema) })),
    },
    ...(body
      ? { body: { mode: "raw", raw: JSON.stringify(body, null, 2), options: { raw: { language: "json" } } } }
      : {}),
    ...(isUpload && !body ? { body: { mode: "raw", raw: "# A file" } } : {}),
  }
}

const toPostmanPath = (path: string) => path.replace(/\{(\w+)\}/g, ":$1")

/** The collection itself has the user's token. */
function authOf({ security }: Operation): object {
  const scheme = Object.keys(security[0] ?? {})[0]
  if (!scheme) return { auth: { type: "noauth" } }
  if (scheme === "accessToken") return {}
  return { auth: { type: "bearer", bearer: [{ key: "token", value: "{{admin_token}}", type: "string" }] } }
}

/** With an example, to be tried; switched off unless the endpoint requires it. */
function optional(parameters: Parameter[], place: Parameter["in"]): object[] {
  return parameters
    .filter((parameter) => parameter.in === place)
    .map(({ name, description, schema, required = false }) => ({
      key: name,
      value: String((schema.examples as unknown[] | undefined)?.[0] ?? schema.default ?? ""),
      ...(description ? { description } : {}),
      disabled: !required,
    }))
}

/**
 * `/chatroom/{id}` → `{{chatroom_id}}`, `/auth/sessions/{id}` → `{{session_id}}`. What is shared is the walk's room: its
 * reply is complete.
 */
function variableFor(path: string, name: string, { enum: words, examples }: Parameter["schema"]): string {
  if (Array.isArray(words)) return String(words[0])
  // A page of the web client, and a name that only a build has.
  if (path === "/app/chat/{id}" || path === "/embed/chat/{id}") return "{{chatroom_id}}"
  if (path === "/app/assets/{file}") return String((examples as unknown[] | undefined)?.[0])
  if (path.endsWith("/share") || path.endsWith("/fork")) return "{{answered_chatroom_id}}"
  const before = path
    .slice(0, path.indexOf(`/{${name}}`))
    .split("/")
    .at(-1) as string
  return `{{${before.replace(/ies$/, "y").replace(/s$/, "")}_id}}`
}

const VARIABLES: Record<string, string> = {
  mobileNumber: "{{mobile_number}}",
  otp: "{{otp}}",
  refreshToken: "{{refresh_token}}",
  token: "{{admin_token}}",
  password: "{{password}}",
  newPassword: "{{password}}",
  currentPassword: "{{password}}",
}

/** The document's example with the environment's variables in it. */
function fillIn(example: unknown): object {
  const entries = Object.entries(example as Record<string, unknown>)
  return Object.fromEntries(entries.map(([name, value]) => [name, VARIABLES[name] ?? value]))
}
