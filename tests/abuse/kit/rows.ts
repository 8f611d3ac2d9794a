import { beforeAll } from "vitest"
import { z } from "zod"
import type { Endpoint } from "../../../src/routes/endpoint.ts"
import { rows } from "../../../src/routes/index.ts"
import { newId } from "../../../src/utils/ids.ts"
import type { SignedIn, TestApp } from "../../helpers/app.ts"
import { createRoom, send } from "../../helpers/chat.ts"

export { type Endpoint, rows }

/** `GET /chatroom/:id`: what a row is called in a test's name. */
export const nameOf = ({ method, path }: Endpoint) => `${method.toUpperCase()} ${path}`

export const rowsOf = (auth: Endpoint["auth"]) => rows.filter((row) => row.auth === auth)

/** The row's path with its parameters filled in; an id that nothing has where `ids` doesn't name one. */
export function pathOf(row: Endpoint, ids: Record<string, string> = {}): string {
  return row.path.replace(/:(\w+)/g, (_, name: string) => ids[name] ?? newId())
}

/** A body that the row's schema takes, so that a request gets as far as the row lets it. */
export function bodyOf(row: Endpoint): unknown {
  return row.body ? sampleOf(schemaOf(row.body)) : undefined
}

/** The properties of the row's body, by name. */
export function fieldsOf(row: Endpoint): string[] {
  return Object.keys((row.body && schemaOf(row.body).properties) ?? {})
}

/** Makes a room with a prompt before the tests. @returns the ids for `pathOf`, as soon as the first test runs */
export function useIds(app: TestApp, user: SignedIn): Record<string, string> {
  const ids: Record<string, string> = {}
  beforeAll(async () => {
    const room = await createRoom(app, user)
    const { body } = await send(app, user, room, "a question")
    Object.assign(ids, { id: room.id, messageId: body.reply.id })
  })
  return ids
}

const AT_ONCE = 4

/** Checks the rows, some at once, as each is a request. */
export async function checkEach(some: readonly Endpoint[], check: (row: Endpoint) => Promise<void>) {
  const left = [...some]
  const work = async () => {
    for (let row = left.shift(); row; row = left.shift()) await check(row)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
}

type JsonSchema = z.core.JSONSchema.JSONSchema

const converted = new WeakMap<z.ZodType, JsonSchema>()

/** Converted once: an attack on every field of every row asks for each schema hundreds of times. */
function schemaOf(schema: z.ZodType): JsonSchema {
  const known = converted.get(schema) ?? convert(schema)
  converted.set(schema, known)
  return known
}

function convert(schema: z.ZodType): JsonSchema {
  const root = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as JsonSchema
  // A schema with a name of its own stands among the definitions.
  const name = root.$ref?.split("/").at(-1)
  return name ? (root.$defs?.[name] as JsonSchema) : root
}

function sampleOf(schema: JsonSchema): unknown {
  if (schema.const !== undefined) return schema.const
  if (schema.enum) return schema.enum[0]
  const choice = schema.anyOf?.[0] ?? schema.oneOf?.[0]
  if (choice) return sampleOf(choice as JsonSchema)
  switch (schema.type) {
    case "object":
      return Object.fromEntries(
        (schema.required ?? []).map((name) => [
          name,
          SAMPLES[name] ?? sampleOf(schema.properties?.[name] as JsonSchema),
        ]),
      )
    case "array":
      return []
    case "boolean":
      return true
    case "integer":
    case "number":
      return schema.minimum ?? 1
    default:
      return schema.format === "uuid" ? newId() : "some text"
  }
}

/** What a schema takes for text and a service for a number or a password. */
const SAMPLES: Record<string, unknown> = {
  mobileNumber: "+12025550199",
  otp: "000000",
  newPassword: "some long password",
}
