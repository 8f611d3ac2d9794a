import type { PriceTable, TokenPrices } from "../../config/prices.ts"

/** A call to the provider, as far as it is billed. */
export interface BilledCall {
  /** The name that was called. */
  model: string
  /** The model that replied, which may be a dated version of it; null: unknown. */
  answeredBy: string | null
  /** The UTC day, YYYY-MM-DD: prices change. */
  day: string
  /** Counts as the provider gave them; null: not known. */
  promptTokens: number | null
  /** Of the prompt's, those read from the provider's cache. */
  cachedTokens: number | null
  outputTokens: number | null
  thoughtTokens: number | null
  /** What the provider's tools read and charge as input: pages, but not results of a search. */
  toolTokens: number | null
  searchQueries: number
}

/** Millionths of a millionth of a dollar: exact for every price per token that the table can hold. */
export type PicoDollars = bigint

/**
 * Returns what a call costs by the table, exactly. What the provider gives away, such as its monthly free searches, is
 * not left out: it belongs to an account, and no call shows it.
 * @returns null for a model that the table doesn't have, and for a search where the table has no price of searches
 */
export function costOf(prices: PriceTable, call: BilledCall): PicoDollars | null {
  const model = find(prices, call.model) ?? find(prices, call.answeredBy ?? "")
  if (!model) return null
  const searches = searchCost(model.search, call.searchQueries)
  if (searches === null) return null
  const rates = ratesFor(model.tokens, call)
  const prompt = call.promptTokens ?? 0
  const cached = Math.min(call.cachedTokens ?? 0, prompt)
  const input = prompt - cached + (call.toolTokens ?? 0)
  const output = (call.outputTokens ?? 0) + (call.thoughtTokens ?? 0)
  return (
    BigInt(input) * perToken(rates.input) +
    BigInt(cached) * perToken(rates.cachedInput) +
    BigInt(output) * perToken(rates.output) +
    searches
  )
}

/** Writes an amount as a decimal number of dollars, without needless zeros. */
export function toDollars(amount: PicoDollars): string {
  const digits = amount.toString().padStart(PICO_DIGITS + 1, "0")
  const decimals = withoutTrailingZeros(digits.slice(-PICO_DIGITS))
  return digits.slice(0, -PICO_DIGITS) + (decimals && `.${decimals}`)
}

function withoutTrailingZeros(digits: string): string {
  let end = digits.length
  while (digits[end - 1] === "0") end--
  return digits.slice(0, end)
}

const PICO_DIGITS = 12

function find({ models }: PriceTable, name: string) {
  return Object.hasOwn(models, name) ? models[name] : undefined
}

/** The newest prices of the day and, of those, the ones for the longest prompts that the prompt exceeds. */
function ratesFor(tokens: readonly TokenPrices[], { day, promptTokens }: BilledCall): TokenPrices {
  const applicable = tokens.filter(
    ({ from = "", promptAbove }) => from <= day && (promptAbove === 0 || (promptTokens ?? 0) > promptAbove),
  )
  return applicable.reduce((best, next) => {
    const [newer, older] = [next.from ?? "", best.from ?? ""]
    return newer > older || (newer === older && next.promptAbove > best.promptAbove) ? next : best
  })
}

/** Dollars per million tokens with six decimals: a millionth of a millionth per token. */
const perToken = (dollars: string): PicoDollars => scaled(dollars, 6)

function searchCost(price: PriceTable["models"][string]["search"], queries: number): PicoDollars | null {
  if (queries === 0) return 0n
  if (!price) return null
  return BigInt(price.per === "query" ? queries : 1) * scaled(price.thousand, 9)
}

/** Returns a decimal number times 10 to the power of `digits`, which are at least its decimals. */
function scaled(decimal: string, digits: number): bigint {
  const [whole, fraction = ""] = decimal.split(".")
  return BigInt(`${whole}${fraction.padEnd(digits, "0")}`)
}
