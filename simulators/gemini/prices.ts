import type { Usage } from "./books.ts"

/** Picodollars: a dollar for a million tokens is a million of them a token. Thinking costs as output. */
type Rates = { input: number; cached: number; output: number }

type Prices = {
  rates: Rates
  /** The rates since a UTC day. */
  since?: [day: string, rates: Rates]
  /** The rates of a call whose prompt has more tokens than this. */
  above?: [promptTokens: number, rates: Rates]
  search: { per: "query" | "call"; cost: number }
}

const FLASH = { input: 750_000, cached: 75_000, output: 3_750_000 }
const FLASH_IN_2027 = { input: 1_500_000, cached: 150_000, output: 7_500_000 }
const PRO = { input: 2_000_000, cached: 200_000, output: 12_000_000 }
const LONG_PRO = { input: 4_000_000, cached: 400_000, output: 18_000_000 }
const OLD_PRO = { input: 1_250_000, cached: 125_000, output: 10_000_000 }
const LONG_OLD_PRO = { input: 2_500_000, cached: 250_000, output: 15_000_000 }

/** $14 for a thousand queries, and $35 for a thousand calls that searched. */
const BY_QUERY = { per: "query", cost: 14_000_000_000 } as const
const BY_CALL = { per: "call", cost: 35_000_000_000 } as const

const TWO_PRICED = { rates: FLASH, since: ["2027-01-01", FLASH_IN_2027], search: BY_QUERY } satisfies Prices

/**
 * What Google asks for: https://ai.google.dev/gemini-api/docs/pricing, read in November 2026. Written down once more
 * and not taken from the service, so that a wrong price in one of the two shows.
 */
const PRICES: Record<string, Prices> = {
  "gemini-3.8-flash": TWO_PRICED,
  "gemini-3.7-flash": TWO_PRICED,
  "gemini-3.6-flash": TWO_PRICED,
  "gemini-3.5-flash": {
    rates: { input: 1_500_000, cached: 150_000, output: 9_000_000 },
    search: BY_QUERY,
  },
  "gemini-3.5-flash-lite": {
    rates: { input: 300_000, cached: 30_000, output: 2_500_000 },
    search: BY_QUERY,
  },
  "gemini-3.1-flash-lite": {
    rates: { input: 250_000, cached: 25_000, output: 1_500_000 },
    search: BY_QUERY,
  },
  "gemini-3.1-pro-preview": { rates: PRO, above: [200_000, LONG_PRO], search: BY_QUERY },
  "gemini-3-flash-preview": {
    rates: { input: 500_000, cached: 50_000, output: 3_000_000 },
    search: BY_QUERY,
  },
  "gemini-2.5-pro": { rates: OLD_PRO, above: [200_000, LONG_OLD_PRO], search: BY_CALL },
  "gemini-2.5-flash": {
    rates: { input: 300_000, cached: 30_000, output: 2_500_000 },
    search: BY_CALL,
  },
}

/**
 * Returns what a call costs that has used this much, in picodollars; null for a model without a price. What searches
 * brought isn't billed, pages are billed as input.
 * @param day UTC, YYYY-MM-DD
 */
export function charge(model: string, day: string, usage: Usage): number | null {
  const prices = Object.hasOwn(PRICES, model) ? PRICES[model] : undefined
  if (!prices) return null
  const { rates, since, above, search } = prices
  let due = rates
  if (since && day >= since[0]) due = since[1]
  if (above && usage.promptTokens > above[0]) due = above[1]
  const searches = search.per === "query" ? usage.searchQueries : Math.min(1, usage.searchQueries)
  return (
    (usage.promptTokens - usage.cachedTokens + usage.pageTokens) * due.input +
    usage.cachedTokens * due.cached +
    (usage.outputTokens + usage.thoughtTokens) * due.output +
    searches * search.cost
  )
}
