import type { JsonSchema, OpenApi } from "../../src/routes/openapi/types.ts"

/**
 * Compares schemas as their users see them. In a request it breaks to accept less; in a reply, to leave out what was
 * there or to send another type. New fields of a reply, and new words in its enums, are no break.
 */
export function createSchemaComparison(before: OpenApi, after: OpenApi, side: "request" | "reply") {
  const seen = new Set<string>()
  return function compare(old: JsonSchema, now: JsonSchema, place: string): string[] {
    const refs = `${place} ${old.$ref} ${now.$ref}`
    if (old.$ref && now.$ref && seen.has(refs)) return []
    seen.add(refs)
    const was = variantsOf(before, old)
    const is = variantsOf(after, now)
    return [
      ...compareTypes(was, is, place, side),
      ...[...was].flatMap(([type, schema]) => {
        const next = is.get(type)
        return next ? compareVariant(schema, next, place, side, compare) : []
      }),
    ]
  }
}

/** A schema's alternatives by type: `string`, `null`, `object`, … */
function variantsOf(document: OpenApi, schema: JsonSchema): Map<string, JsonSchema> {
  const { $ref, ...own } = schema
  if (typeof $ref === "string") {
    const target = document.components.schemas[$ref.split("/").at(-1) as string] ?? {}
    return variantsOf(document, { ...target, ...own, properties: { ...props(target), ...props(own) } })
  }
  const alternatives = (schema.anyOf ?? schema.oneOf) as JsonSchema[] | undefined
  if (alternatives) return new Map(alternatives.flatMap((one) => [...variantsOf(document, one)]))
  return new Map(typesOf(schema).map((type) => [type, schema]))
}

function typesOf({ type, ...schema }: JsonSchema): string[] {
  if (Array.isArray(type)) return type
  if (typeof type === "string") return [type]
  const words = "const" in schema ? [schema.const] : (schema.enum as unknown[] | undefined)
  return words ? [...new Set(words.map((word) => (word === null ? "null" : typeof word)))] : ["anything"]
}

const props = (schema: JsonSchema) => (schema.properties ?? {}) as Record<string, JsonSchema>

type Types = Map<string, JsonSchema>

function compareTypes(was: Types, is: Types, place: string, side: "request" | "reply"): string[] {
  const [narrow, wide] = side === "request" ? [is, was] : [was, is]
  if (narrow.has("anything")) return []
  const missing = [...wide.keys()].filter(
    (type) => !narrow.has(type) && !(type === "integer" && narrow.has("number")),
  )
  if (missing.length === 0) return []
  const verb = side === "request" ? "no longer takes" : "may now be"
  return [`${place} ${verb} ${missing.join(", ")}`]
}

type CompareSchemas = (old: JsonSchema, now: JsonSchema, place: string) => string[]

function compareVariant(
  was: JsonSchema,
  is: JsonSchema,
  place: string,
  side: "request" | "reply",
  compare: CompareSchemas,
): string[] {
  const [oldProps, newProps] = [props(was), props(is)]
  const needs = ({ required }: JsonSchema) => (required ?? []) as string[]
  const [oldNeeds, newNeeds] = [needs(was), needs(is)]
  const [fewer, more, verb] =
    side === "request" ? [oldNeeds, newNeeds, "became required"] : [newNeeds, oldNeeds, "may be absent"]
  return [
    ...Object.keys(oldProps)
      .filter((name) => !(name in newProps))
      .map((name) => `${place}.${name} removed`),
    ...more
      .filter((name) => !fewer.includes(name) && name in newProps)
      .map((name) => `${place}.${name} ${verb}`),
    ...(side === "request" ? compareBounds(was, is, place) : []),
    ...Object.keys(oldProps).flatMap((name) =>
      newProps[name] ? compare(oldProps[name] as JsonSchema, newProps[name], `${place}.${name}`) : [],
    ),
    ...(was.items && is.items ? compare(was.items as JsonSchema, is.items as JsonSchema, `${place}[]`) : []),
  ]
}

const LOWER = ["minLength", "minimum", "minItems"]
const UPPER = ["maxLength", "maximum", "maxItems"]

/** A bound that the document didn't have may have been there all along: zod exports a refinement only where `.meta` names it. */
function compareBounds(was: JsonSchema, is: JsonSchema, place: string): string[] {
  const raised = LOWER.filter((name) => Number(is[name]) > Number(was[name]))
  const lowered = UPPER.filter((name) => Number(is[name]) < Number(was[name]))
  const changed = ["pattern", "format"].filter((name) => was[name] && is[name] && is[name] !== was[name])
  const faults = [...raised, ...lowered, ...changed].map((name) => `${place}: ${name} narrowed`)
  const words = (schema: JsonSchema) =>
    ("const" in schema ? [schema.const] : schema.enum) as unknown[] | undefined
  const gone = words(is) && (words(was) ?? ["anything else"]).filter((word) => !words(is)?.includes(word))
  return gone && gone.length > 0 ? [...faults, `${place} no longer takes ${gone.join(", ")}`] : faults
}
