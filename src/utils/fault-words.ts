import type { z } from "zod"

/**
 * Says in our words what is wrong with a value, to follow the value's name: "must be a UUID". Passed to every parse
 * whose faults a client or an operator reads; a message in the schema goes before it.
 */
export function faultWords(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined ? "is required" : `must be ${TYPES[issue.expected] ?? issue.expected}`
    case "invalid_format":
      return FORMATS[issue.format] ?? "has the wrong form"
    case "invalid_value":
      return issue.values.length === 1
        ? `must be ${String(issue.values[0])}`
        : `must be one of ${issue.values.map(String).join(", ")}`
    case "too_small":
      return atLeast(issue.origin, issue.minimum)
    case "too_big":
      return `must ${count(issue.origin, "at most", issue.maximum)}`
    case "not_multiple_of":
      return issue.divisor === 1 ? "must be a whole number" : `must be a multiple of ${issue.divisor}`
    case "unrecognized_keys":
      return `has an unknown field: ${issue.keys.slice(0, MAX_KEYS).join(", ")}`
    case "invalid_union":
      return issue.input === undefined ? "is required" : "has none of the forms that are allowed here"
    default:
      return "is invalid"
  }
}

/** A hostile body may have many. */
const MAX_KEYS = 5

const TYPES: Partial<Record<string, string>> = {
  string: "a string",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "an object",
  record: "an object",
  array: "an array",
  null: "null",
  date: "a time",
}

const FORMATS: Partial<Record<string, string>> = {
  uuid: "must be a UUID",
  url: "must be a URL",
  email: "must be an email address",
  datetime: "must be a time such as 2026-01-31T12:00:00Z",
  date: "must be a date such as 2026-01-31",
}

function atLeast(origin: string, minimum: number | bigint): string {
  if (Number(minimum) === 1 && origin !== "number" && origin !== "int") return "must not be empty"
  return `must ${count(origin, "at least", minimum)}`
}

function count(origin: string, bound: string, limit: number | bigint): string {
  if (origin === "string") return `have ${bound} ${limit} characters`
  if (origin === "array" || origin === "set") return `have ${bound} ${limit} items`
  return `be ${bound} ${limit}`
}
