import { z } from "zod"
import type { HeaderObject, JsonSchema, OpenApi, Parameter, Ref, ReplyObject } from "./types.ts"

/** The parts of the document that are written once and referenced. */
export interface Components {
  /** Converts what a client may send to JSON Schema 2020-12. Schemas with an id become references. */
  input(schema: z.ZodType): JsonSchema
  /** The same for what the server sends. Objects stay open: more fields may come. */
  output(schema: z.ZodType): JsonSchema
  /** Refers to a thing by its kind and name; `make` is called when it isn't there yet. */
  share<K extends keyof Shared>(kind: K, name: string, make: () => Shared[K]): Ref
  /** `components` of the document, sorted by name. */
  toJson(): Omit<OpenApi["components"], "securitySchemes">
  /** The schemas that have a name. */
  named: Record<string, JsonSchema>
}

interface Shared {
  headers: HeaderObject
  parameters: Parameter
  responses: ReplyObject
}

export function createComponents(): Components {
  const named: Record<string, JsonSchema> = {}
  const shared: { [K in keyof Shared]: Record<string, Shared[K]> } = {
    headers: {},
    parameters: {},
    responses: {},
  }
  const convert = (io: "input" | "output") => (schema: z.ZodType) => {
    // Only a schema inside another becomes a reference by its id.
    const whole = z.toJSONSchema(z.object({ schema }), { io, override: simplify(io) })
    const { properties, $defs = {} } = pointToComponents(whole)
    for (const [id, definition] of Object.entries($defs)) named[id] ??= definition
    return properties.schema
  }
  return {
    input: convert("input"),
    output: convert("output"),
    named,
    share(kind, name, make) {
      const known: Record<string, Shared[typeof kind]> = shared[kind]
      known[name] ??= make()
      return { $ref: `#/components/${kind}/${name}` }
    },
    toJson: () => ({
      schemas: sorted(named),
      responses: sorted(shared.responses),
      parameters: sorted(shared.parameters),
      headers: sorted(shared.headers),
    }),
  }
}

type Override = NonNullable<Parameters<typeof z.toJSONSchema>[1]>["override"]

/** Leaves out what is of no use to a reader: the pattern of a known format, the bounds of JavaScript's integers. */
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

interface Converted {
  properties: { schema: JsonSchema }
  $defs?: Record<string, JsonSchema>
}

function pointToComponents(converted: object): Converted {
  return JSON.parse(JSON.stringify(converted).replaceAll('"#/$defs/', '"#/components/schemas/'))
}

function sorted<T>(record: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))
}
