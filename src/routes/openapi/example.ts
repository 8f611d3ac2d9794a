import type { JsonSchema } from "./types.ts"

/** Builds a value of `schema` from the examples of its parts. `named` resolves references. */
export function exampleOf(schema: JsonSchema, named: Record<string, JsonSchema>): unknown {
  if (typeof schema.$ref === "string") {
    const target = named[schema.$ref.split("/").at(-1) as string]
    return exampleOf({ ...target, ...(schema.examples ? { examples: schema.examples } : {}) }, named)
  }
  if (Array.isArray(schema.examples)) return schema.examples[0]
  if ("const" in schema) return schema.const
  if ("default" in schema) return schema.default
  if (Array.isArray(schema.enum)) return schema.enum[0]
  const [first] = (schema.anyOf ?? schema.oneOf ?? []) as JsonSchema[]
  if (first) return exampleOf(first, named)
  return exampleOfType(schema, named)
}

function exampleOfType(schema: JsonSchema, named: Record<string, JsonSchema>): unknown {
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type
  switch (type) {
    case "object": {
      const properties = Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>)
      return Object.fromEntries(properties.map(([name, property]) => [name, exampleOf(property, named)]))
    }
    case "array":
      return isEmpty(schema.items as JsonSchema) ? [] : [exampleOf(schema.items as JsonSchema, named)]
    case "integer":
    case "number":
      return schema.minimum ?? 1
    case "boolean":
      return true
    case "string":
      return schema.format === "date" ? "2026-03-01" : "text"
    default:
      return null
  }
}

const isEmpty = (schema: JsonSchema | undefined) => !schema || Object.keys(schema).length === 0
