import { readFileSync } from "node:fs"
import { z } from "zod"
import builtIn from "./prices.json" with { type: "json" }

/** Six decimals of a dollar per million tokens are a millionth of a millionth of a dollar per token: `cost.ts` counts those. */
const Dollars = z.string().regex(/^\d{1,6}(?:\.\d{1,6})?$/, 'must be dollars as text, such as "0.75"')

const Day = z.iso.date("must be a day such as 2027-01-01")

/** Dollars per million tokens. Thinking is billed as output. */
const TokenPrices = z.strictObject({
  /** The UTC day that the prices begin with; without it they always held. */
  from: Day.optional(),
  /** They hold for requests whose prompt has more tokens than this, all of its tokens included. */
  promptAbove: z.int().min(0).default(0),
  input: Dollars,
  /** What the provider read from its cache. */
  cachedInput: Dollars,
  output: Dollars,
})

const ModelPrices = z.strictObject({
  /** Where the prices were read, and when. */
  source: z.string().min(1),
  date: Day,
  tokens: z
    .array(TokenPrices)
    .min(1)
    .refine((all) => all.some(isAlwaysThere), "must have prices without `from` and `promptAbove`"),
  /** Of web search: dollars per thousand search queries, or per thousand requests that searched. */
  search: z.strictObject({ per: z.enum(["query", "request"]), thousand: Dollars }).optional(),
})

/** What the provider charges, by the model's name. */
const PriceTable = z.strictObject({
  /** Names the table on each reply that it priced. */
  version: z
    .string()
    .regex(/^[\w.+-]{1,60}$/, "must be up to 60 letters, digits, dots, plus signs and dashes"),
  currency: z.literal("USD"),
  models: z.record(z.string().regex(/^[a-z][a-z0-9.-]*$/, "must be a model's name"), ModelPrices),
})

export type PriceTable = z.infer<typeof PriceTable>
export type ModelPrices = z.infer<typeof ModelPrices>
export type TokenPrices = z.infer<typeof TokenPrices>

function isAlwaysThere({ from, promptAbove }: TokenPrices): boolean {
  return from === undefined && promptAbove === 0
}

/** The prices that this version of the program knows. */
export const BUILT_IN_PRICES: PriceTable = PriceTable.parse(builtIn)

/**
 * Reads an operator's own prices, JSON or the path of a JSON file, and lays them over the built-in ones, model by model.
 * `check` gets what is wrong with them.
 */
export function readPrices(text: string | undefined, check: z.RefinementCtx): PriceTable {
  if (text === undefined) return BUILT_IN_PRICES
  const json = /^\s*\{/.test(text) ? text : readFile(text.trim())
  const parsed = json === null ? null : PriceTable.safeParse(parse(json))
  const message =
    json === null ? "names a file that can't be read" : parsed?.error ? faultOf(parsed.error) : null
  if (message !== null) check.addIssue({ code: "custom", message })
  const own = parsed?.data
  if (!own) return BUILT_IN_PRICES
  return {
    ...own,
    version: `${BUILT_IN_PRICES.version}+${own.version}`,
    models: { ...BUILT_IN_PRICES.models, ...own.models },
  }
}

function readFile(path: string): string | null {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return null
  }
}

/** @returns undefined for what isn't JSON */
function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

/** The first fault; a table that isn't JSON is none at all. */
function faultOf({ issues: [issue] }: z.ZodError): string {
  if (!issue || issue.path.length === 0) return "must be a price table as JSON, or the path of its file"
  return `${issue.path.join(".")}: ${issue.message}`
}
