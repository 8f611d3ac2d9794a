import { z } from "zod"
import { codePointLength, isStorableText } from "../utils/text.ts"

/** An id in a path or a body. Some platforms write UUIDs in capitals; ours are compared and published in lower case. */
export const Id = z
  .uuid()
  .toLowerCase()
  .meta({ examples: ["01a20380-35df-77b7-a96a-565deb07f9f4"] })

/** A time: ISO 8601 UTC with milliseconds. */
export const Time = z.iso.datetime({ precision: 3 }).meta({ examples: ["2026-03-01T09:30:00.000Z"] })

/** Accepts text of `min` to `max` Unicode characters that is stored exactly as sent. */
export function text(min: number, max: number) {
  return z
    .string()
    .refine(isStorableText, "must not contain NUL or lone surrogates")
    .refine(
      (value) => codePointLength(value) >= min,
      `must have at least ${min} character${min === 1 ? "" : "s"}`,
    )
    .refine((value) => codePointLength(value) <= max, `must have at most ${max} characters`)
    .meta({ minLength: min, maxLength: max })
}

/** Accepts the same with surrounding white space trimmed. */
export function trimmedText(min: number, max: number) {
  return z.string().trim().pipe(text(min, max)).meta({ minLength: min, maxLength: max, pattern: "\\S" })
}

/** The query of every list. */
export const PageQuery = z.strictObject({
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(100)
    .default(50)
    .describe("The maximum number of items on the page."),
  cursor: z
    .string()
    .min(1)
    .max(300)
    .optional()
    .describe("Opaque position, taken from the `Link` header of the previous page."),
})
export type PageQuery = z.infer<typeof PageQuery>

export const ById = z.object({ id: Id })
