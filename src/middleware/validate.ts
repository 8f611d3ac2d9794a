import type { z } from "zod"
import { type FieldFault, InvalidRequest } from "../utils/errors.ts"
import { faultWords } from "../utils/fault-words.ts"

/** More faults would tell a client nothing new, and a hostile body may have a million. */
const MAX_FAULTS = 20

/** Parses `value` by `schema`. @throws {InvalidRequest} with fault paths below `part`: `body`, `query`, `params` */
export function validate<S extends z.ZodType>(schema: S, value: unknown, part: string): z.infer<S> {
  const parsed = schema.safeParse(value, { error: faultWords })
  if (parsed.success) return parsed.data
  throw new InvalidRequest(parsed.error.issues.slice(0, MAX_FAULTS).map((issue) => toFault(issue, part)))
}

function toFault(issue: z.core.$ZodIssue, part: string): FieldFault {
  return {
    path: [part, ...issue.path.map(String)].join(".").slice(0, 200),
    message: issue.message.slice(0, 300),
  }
}
