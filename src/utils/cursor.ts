import { z } from "zod"
import { InvalidRequest } from "./errors.ts"

/** A time in a cursor. JavaScript has a year 0, PostgreSQL has none. */
export const CursorTime = z.iso.datetime({ precision: 3 }).refine((time) => !time.startsWith("0000"))

/** An opaque place in a list, made from the sort key of its last row. */
export function encodeCursor(parts: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(parts)).toString("base64url")
}

/**
 * Reads a cursor back. It carries no rights: lists are always looked up by owner, so a forged one that has the
 * right form pages through the forger's own rows.
 * @throws {InvalidRequest} when it doesn't have the form of `schema`
 */
export function decodeCursor<S extends z.ZodType>(cursor: string, schema: S): z.infer<S> {
  const parsed = schema.safeParse(parse(cursor))
  if (!parsed.success)
    throw new InvalidRequest([{ path: "query.cursor", message: "This is no cursor of this list." }])
  return parsed.data
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"))
  } catch {
    return undefined
  }
}
