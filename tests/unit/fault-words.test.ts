import { expect, test } from "vitest"
import { z } from "zod"
import { faultWords } from "../../src/utils/fault-words.ts"

const wordsOf = (schema: z.ZodType, value: unknown) =>
  schema.safeParse(value, { error: faultWords }).error?.issues.map(({ message }) => message)

test.each<[z.ZodType, unknown, string]>([
  [z.string(), undefined, "is required"],
  [z.string(), 1, "must be a string"],
  [z.number(), "1", "must be a number"],
  [z.int(), 1.5, "must be a whole number"],
  [z.boolean(), "yes", "must be true or false"],
  [z.object({}), [], "must be an object"],
  [z.array(z.string()), {}, "must be an array"],
  [z.uuid(), "1", "must be a UUID"],
  [z.url(), "x", "must be a URL"],
  [z.iso.datetime(), "x", "must be a time such as 2026-01-31T12:00:00Z"],
  [z.string().regex(/^a$/), "b", "has the wrong form"],
  [z.string().regex(/^a$/, "must be an a"), "b", "must be an a"],
  [z.enum(["up", "down"]), "sideways", "must be one of up, down"],
  [z.literal("up"), "down", "must be up"],
  [z.string().min(1), "", "must not be empty"],
  [z.string().min(8), "short", "must have at least 8 characters"],
  [z.string().max(3), "long", "must have at most 3 characters"],
  [z.array(z.string()).max(1), ["a", "b"], "must have at most 1 items"],
  [z.number().min(1), 0, "must be at least 1"],
  [z.number().max(100), 101, "must be at most 100"],
  [z.strictObject({}), { other: 1 }, "has an unknown field: other"],
  [z.union([z.string(), z.number()]), true, "has none of the forms that are allowed here"],
])("%#: a fault is told in our words", (schema, value, words) => {
  expect(wordsOf(schema, value)).toEqual([words])
})
