import { z } from "zod"

export type JsonSchema = { $ref?: string; description?: string; [keyword: string]: unknown }

/** Turns zod schemas into JSON Schema 2020-12 and gathers those that have an id. */
export interface Schemas {
  /** What a client may send. */
  input(schema: z.ZodType): JsonSchema
  /** What the server sends. Objects stay open: more fields may come. */
  output(schema: z.ZodType): JsonSchema
  /** Every named schema met so far, for `components.schemas`. */
  named: Record<string, JsonSchema>
}

export function createSchemas(): Schemas {
  const named: Record<string, JsonSchema> = {}
  const convert = (schema: z.ZodType, io: "input" | "output") => {
    // Only a schema inside another becomes a reference by its id.
    const { properties, $defs = {} } = z.toJSONSchema(z.object({ schema }), { io, override: simplify(io) })
    for (const [id, definition] of Object.entries($defs)) named[id] ??= pointToComponents(definition)
    return pointToComponents(properties?.schema as JsonSchema)
  }
  return {
    input: (schema) => convert(schema, "input"),
    output: (schema) => convert(schema, "output"),
    named,
  }
}

type Override = NonNullable<Parameters<typeof z.toJSONSchema>[1]>["override"]

/** Leaves out what says nothing to a reader: the pattern of a known format, the bounds of JavaScript's integers. */
function simplify(io: "input" | "output"): Override {
  return ({ jsonSchema, zodSchema }) => {
    delete jsonSchema.id
    if (jsonSchema.format) delete jsonSchema.pattern
    if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
    if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
    const isOpenable = io === "output" && zodSchema._zod.def.type === "object"
    if (isOpenable && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties
  }
}

function pointToComponents(schema: unknown): JsonSchema {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/'))
}
