import type { z } from "zod"
import { Refused } from "./problems.ts"

/** Returns a value that has the form. @throws {Refused} with the path to the first that hasn't */
export function checkForm<T>(schema: z.ZodType<T>, value: unknown, path: readonly PropertyKey[]): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new Refused("invalid", [...path, ...(parsed.error.issues[0]?.path ?? [])])
}
