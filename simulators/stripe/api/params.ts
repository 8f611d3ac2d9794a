import type Stripe from "stripe"
import { z } from "zod"
import { invalid, type Refused } from "../model/refusals.ts"
import { defined } from "../objects/fields.ts"
import type { Form } from "./form.ts"

/** A text; the API's limit for most. */
export const text = z.string().max(5000)

/** A text that the empty one takes away. */
export const nullable = text.transform((value) => (value === "" ? null : value))

export const flag = z.enum(["true", "false"]).transform((value) => value === "true")

export const integer = z
  .string()
  .regex(/^-?\d{1,15}$/, "must be an integer")
  .transform(Number)

/** Metadata to merge in; an empty value takes a key away, an empty text all of them. */
export const metadata = z.union([
  z.literal("").transform(() => null),
  z
    .array(z.never())
    .max(0)
    .transform(() => ({})),
  z.record(z.string().max(40), z.string().max(500)),
])

/** Metadata of something new. */
export const newMetadata = metadata.optional().transform((given) => mergedMetadata({}, given))

/** A moment or a range of them. */
export const range = z.union([
  integer,
  z.strictObject({ gt: integer, gte: integer, lt: integer, lte: integer }).partial(),
])

export type Range = z.output<typeof range>

/** The same parameters, which may be left out. */
export function optional<S extends z.core.$ZodLooseShape>(shape: S) {
  return z.object(shape).partial().shape
}

/** What every list takes. */
export const paging = optional({
  limit: integer.refine((limit) => limit >= 1 && limit <= 100, "must be between 1 and 100"),
  starting_after: text,
  ending_before: text,
})

const UNDONE = { params: { undone: true } }

const REFUSED = z
  .unknown()
  .optional()
  .refine((given) => given === undefined, UNDONE)
  .transform(() => undefined)

/**
 * Parameters, separated by white space, that Stripe knows and the simulator doesn't do. It refuses them, so that nobody
 * takes for done what isn't.
 */
export function undone(names: string): Record<never, z.ZodType> {
  return Object.fromEntries(names.split(/\s+/).map((name) => [name, REFUSED]))
}

/** A parameter of which the simulator does nothing but these values, which are what it does anyway. */
export function only(...values: string[]) {
  return z
    .string()
    .refine((given) => values.includes(given), UNDONE)
    .optional()
    .transform(() => undefined)
}

/** Checks a request's parameters. Refuses them in Stripe's words. */
export function checked<S extends z.ZodType>(schema: S, form: Form): z.output<S> {
  const result = schema.safeParse(form)
  if (result.success) return result.data
  throw complaint(result.error, form)
}

/** Whether a moment lies in a range. */
export function inRange(at: number, wanted: Range | undefined): boolean {
  if (wanted === undefined) return true
  if (typeof wanted === "number") return at === wanted
  const { gt = -Infinity, gte = -Infinity, lt = Infinity, lte = Infinity } = wanted
  return at > gt && at >= gte && at < lt && at <= lte
}

type MetadataChange = z.output<typeof metadata> | undefined

/** What the fields of a request change in an object: those that were given, and its metadata. */
export function patchOf<T extends { metadata?: MetadataChange }>(
  { metadata: before }: { metadata: Stripe.Metadata | null },
  { metadata: change, ...fields }: T,
) {
  return { ...defined(fields), metadata: mergedMetadata(before ?? {}, change) }
}

function mergedMetadata(before: Stripe.Metadata, change: MetadataChange): Stripe.Metadata {
  if (change === undefined) return before
  const merged = change === null ? {} : { ...before, ...change }
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== ""))
}

/** Builds the refusal of something that Stripe does and the simulator doesn't. */
export function notDone(param: string): Refused {
  return invalid(`The simulator doesn't do ${param}.`, param)
}

function complaint(error: z.ZodError, form: Form): Refused {
  const issue = deepest(error.issues[0])
  if (!issue) return invalid("Invalid request")
  if (issue.code === "unrecognized_keys") return unknownParameter(issue.path, issue.keys)
  const param = nameOf(issue.path)
  if (issue.code === "custom" && issue.params?.undone) return notDone(param)
  if (valueAt(form, issue.path) === undefined) {
    return invalid(`Missing required param: ${param}.`, param, "parameter_missing")
  }
  return invalid(`Invalid ${param}: ${issue.message}`, param)
}

/** Of alternatives, the one that was meant complains best. */
function deepest(issue: z.core.$ZodIssue | undefined): z.core.$ZodIssue | undefined {
  if (issue?.code !== "invalid_union") return issue
  const inner = issue.errors.flat().find((each) => each.code === "unrecognized_keys" || each.path.length > 0)
  return inner ? { ...inner, path: [...issue.path, ...inner.path] } : issue
}

function unknownParameter(path: PropertyKey[], keys: string[]): Refused {
  const names = keys.map((key) => nameOf([...path, key]))
  const plural = names.length > 1 ? "parameters" : "parameter"
  return invalid(`Received unknown ${plural}: ${names.join(", ")}`, names[0], "parameter_unknown")
}

function nameOf([first = "", ...rest]: PropertyKey[]): string {
  return String(first) + rest.map((part) => `[${String(part)}]`).join("")
}

function valueAt(form: unknown, path: PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, part) => (typeof value === "object" && value !== null ? Reflect.get(value, part) : undefined),
    form,
  )
}
