import { z } from "zod"
import { Refused } from "./problems.ts"

/** A time as other products write it; `toTime` reads it. */
export const AnyTime = z.union([z.number(), z.string()]).nullish()

/** What may be of any type, and is looked at where it is read. */
export const Anything = z.unknown().optional()

/** Returns a value that has the form. @throws {Refused} with the path to the first that hasn't */
export function checkForm<T>(schema: z.ZodType<T>, value: unknown, path: readonly PropertyKey[]): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new Refused("invalid", [...path, ...(parsed.error.issues[0]?.path ?? [])])
}
