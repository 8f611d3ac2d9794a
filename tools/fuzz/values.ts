import fc from "fast-check"
import { type JsonSchema, type OpenApi, resolve } from "../../src/routes/openapi/types.ts"

/** Longer texts are drawn as one character over and over: they are about their length. */
const DRAWN_CHARACTERS = 60

/** Values that `schema` accepts. Fields that a reply of the server has named are often taken from there. */
export function valuesOf(document: OpenApi, schema: JsonSchema, name = ""): fc.Arbitrary<unknown> {
  if (schema.$ref) return valuesOf(document, resolve<JsonSchema>(document, { $ref: schema.$ref }), name)
  if ("const" in schema) return fc.constant(schema.const)
  if (Array.isArray(schema.enum)) return fc.constantFrom(...schema.enum)
  const alternatives = (schema.anyOf ?? schema.oneOf) as JsonSchema[] | undefined
  if (alternatives) return fc.oneof(...alternatives.map((one) => valuesOf(document, one, name)))
  if (Array.isArray(schema.type))
    return fc.oneof(...schema.type.map((type) => valuesOf(document, { ...schema, type }, name)))
  return ofType(document, schema, name)
}

function ofType(document: OpenApi, schema: JsonSchema, name: string): fc.Arbitrary<unknown> {
  switch (schema.type) {
    case "object":
      return objectsOf(document, schema)
    case "array":
      return listsOf(document, schema, name)
    case "integer":
    case "number":
      return fc.integer({ min: Number(schema.minimum ?? -1000), max: Number(schema.maximum ?? 1000) })
    case "boolean":
      return fc.boolean()
    case "null":
      return fc.constant(null)
    case "string":
      return textsOf(schema, name)
    default:
      return fc.jsonValue()
  }
}

function objectsOf(document: OpenApi, schema: JsonSchema): fc.Arbitrary<unknown> {
  const properties = Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>)
  const drawn = properties.map(([name, property]) => [name, valuesOf(document, property, name)] as const)
  return fc.record(Object.fromEntries(drawn), { requiredKeys: (schema.required ?? []) as string[] })
}

/** Files are named as what was uploaded. */
function listsOf(document: OpenApi, schema: JsonSchema, name: string): fc.Arbitrary<unknown> {
  const one = valuesOf(
    document,
    (schema.items ?? {}) as JsonSchema,
    name === "attachments" ? "attachmentId" : "",
  )
  return fc.array(one, { maxLength: Math.min(5, Number(schema.maxItems ?? 5)) })
}

function textsOf(schema: JsonSchema, name: string): fc.Arbitrary<unknown> {
  const drawn = drawnTexts(schema, name)
  const $remembered = fc.constant(schema.format === "uuid" && name !== "attachmentId" ? "id" : name)
  return fc.oneof(
    { weight: 3, arbitrary: fc.record({ $remembered, pick: fc.nat(), otherwise: drawn }) },
    { weight: 2, arbitrary: drawn },
  )
}

/** Texts that `schema` accepts, whatever replies contained. */
export function drawnTexts(schema: JsonSchema, name: string): fc.Arbitrary<unknown> {
  const { format, pattern, minLength = 0, maxLength = 100 } = schema as Record<string, never>
  if (format === "uuid") return fc.uuid()
  if (format === "uri") return fc.webUrl()
  if (format === "date") return days
  if (name === "mobileNumber") return mobileNumbers
  if (format === "date-time") return fc.date({ noInvalidDate: true }).map((date) => date.toISOString())
  if (pattern && pattern !== "\\S") return fc.stringMatching(new RegExp(pattern), { maxLength })
  const texts = fc.string({
    unit: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(..."aZ 09.é—") },
      { weight: 1, arbitrary: characters },
    ),
    minLength,
    maxLength: Math.max(minLength, Math.min(maxLength, DRAWN_CHARACTERS)),
  })
  const whole = fc.constantFrom("x", "é", "😀").map((character) => character.repeat(maxLength))
  const any = fc.oneof({ weight: 20, arbitrary: texts }, { weight: 1, arbitrary: whole })
  const matching = pattern ? any.filter((text) => new RegExp(pattern).test(text)) : any
  return name === "message" ? fc.oneof({ weight: 3, arbitrary: matching }, FAILING) : matching
}

/** Prompts whose replies fail at once: operators have something to look at. */
const FAILING = { weight: 1, arbitrary: fc.constant("[[gemini: blocked]]") }

/** The store rejects NUL. */
const characters = fc.string({ unit: "binary", minLength: 1, maxLength: 1 }).filter((one) => one !== "\u0000")

const days = fc
  .date({ min: new Date("2025-01-01"), max: new Date("2027-12-31"), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10))

/** Few enough that they meet each other. */
const mobileNumbers = fc.integer({ min: 2_000_000, max: 2_000_400 }).map((line) => `+1202${line}`)
