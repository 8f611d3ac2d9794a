import { z } from "zod"
import { InvalidRequest } from "./errors.ts"
import { parseJson } from "./json.ts"

/** A time in a cursor. PostgreSQL, unlike JavaScript, has no year 0. */
export const CursorTime = z.iso.datetime({ precision: 3 }).refine((time) => !time.startsWith("0000"))

/** Encodes the sort key of a page's last row as an opaque cursor. */
export function encodeCursor(parts: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(parts)).toString("base64url")
}

/**
 * Decodes a cursor. It grants no access: lists are always filtered by owner, so a forged cursor only pages through
 * the forger's own rows.
 * @throws {InvalidRequest} if it doesn't match `schema`
 */
export function decodeCursor<S extends z.ZodType>(cursor: string, schema: S): z.infer<S> {
  const parsed = schema.safeParse(parseJson(Buffer.from(cursor, "base64url").toString("utf8")))
  if (!parsed.success)
    throw new InvalidRequest([{ path: "query.cursor", message: "This cursor isn't valid for this list." }])
  return parsed.data
}
