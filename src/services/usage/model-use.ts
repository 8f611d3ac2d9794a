import type { PriceTable } from "../../config/prices.ts"
import { costOf, type PicoDollars } from "./cost.ts"

/** What a call to the provider reported about itself; null: not known. */
export interface ReportedCall {
  /** The name that was called. */
  model: string
  /** The model that replied. */
  answeredBy: string | null
  promptTokens: number | null
  cachedTokens: number | null
  outputTokens: number | null
  thoughtTokens: number | null
  /** What the provider's tools read. */
  toolTokens: number | null
  searchQueries: number
  /** Whether the call could read pages: their tokens are charged as input, those of search results aren't. */
  urlContext: boolean
}

/** What calls of one model used, added up. */
export interface ModelUse {
  model: string
  /** Replies that ended with this model. */
  prompts: number
  /** Calls whose use the provider reported. */
  calls: number
  /** Of these, those of a model without a price. */
  unpricedCalls: number
  promptTokens: number
  cachedTokens: number
  outputTokens: number
  thoughtTokens: number
  toolTokens: number
  searchQueries: number
  cost: PicoDollars
}

/**
 * Returns what a call used and what that costs by the prices of the day.
 * @param day the UTC day, YYYY-MM-DD
 * @returns null where the provider reported nothing: it doesn't bill a call that it refused
 */
export function toUse(prices: PriceTable, day: string, call: ReportedCall): ModelUse | null {
  const { model, answeredBy, urlContext, searchQueries, ...counts } = call
  if (searchQueries === 0 && Object.values(counts).every((count) => count === null)) return null
  const billed = { ...counts, toolTokens: urlContext ? counts.toolTokens : 0 }
  const cost = costOf(prices, { model, answeredBy, day, searchQueries, ...billed })
  return {
    ...NO_USE,
    model,
    calls: 1,
    unpricedCalls: cost === null ? 1 : 0,
    promptTokens: counts.promptTokens ?? 0,
    cachedTokens: counts.cachedTokens ?? 0,
    outputTokens: counts.outputTokens ?? 0,
    thoughtTokens: counts.thoughtTokens ?? 0,
    toolTokens: counts.toolTokens ?? 0,
    searchQueries,
    cost: cost ?? 0n,
  }
}

/** Returns the use of a prompt whose reply has ended. */
export function toPrompt(model: string): ModelUse {
  return { ...NO_USE, model, prompts: 1 }
}

/** Adds uses up by model, in the order of the models' names. */
export function addUp(uses: readonly ModelUse[]): ModelUse[] {
  const byModel = Map.groupBy(uses, ({ model }) => model)
  const sums = [...byModel].map(([model, [first, ...others]]) =>
    others.reduce(add, { ...NO_USE, ...first, model }),
  )
  return sums.sort((a, b) => (a.model < b.model ? -1 : 1))
}

const NO_USE: ModelUse = {
  model: "",
  prompts: 0,
  calls: 0,
  unpricedCalls: 0,
  promptTokens: 0,
  cachedTokens: 0,
  outputTokens: 0,
  thoughtTokens: 0,
  toolTokens: 0,
  searchQueries: 0,
  cost: 0n,
}

function add(a: ModelUse, b: ModelUse): ModelUse {
  return {
    model: a.model,
    prompts: a.prompts + b.prompts,
    calls: a.calls + b.calls,
    unpricedCalls: a.unpricedCalls + b.unpricedCalls,
    promptTokens: a.promptTokens + b.promptTokens,
    cachedTokens: a.cachedTokens + b.cachedTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    thoughtTokens: a.thoughtTokens + b.thoughtTokens,
    toolTokens: a.toolTokens + b.toolTokens,
    searchQueries: a.searchQueries + b.searchQueries,
    cost: a.cost + b.cost,
  }
}
