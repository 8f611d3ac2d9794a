import type { z } from "zod"
import { createSchemas, type JsonSchema } from "./schemas.ts"
import type { HeaderObject, OpenApi, Parameter, Ref, ReplyObject } from "./types.ts"

/** What stands once in the document and is referred to from many places. */
export interface Components {
  /** What a client may send. */
  input(schema: z.ZodType): JsonSchema
  /** What the server sends. Objects stay open: more fields may come. */
  output(schema: z.ZodType): JsonSchema
  /** Refers to a thing by its kind and name; `make` is called when it isn't there yet. */
  share<K extends Kind>(kind: K, name: string, make: () => Shared[K]): Ref
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

type Kind = keyof Shared

export function createComponents(): Components {
  const { input, output, named } = createSchemas()
  const shared: { [K in Kind]: Record<string, Shared[K]> } = { headers: {}, parameters: {}, responses: {} }
  return {
    input,
    output,
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

function sorted<T>(record: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))
}
