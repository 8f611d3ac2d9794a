import type { CompleteConfig } from "../../config/env.ts"
import { costOf } from "./cost.ts"

type GeminiConfig = Pick<CompleteConfig["gemini"], "model" | "models" | "prices">

/**
 * Returns the cheapest of the models on offer, for work that no user has chosen a model for, such as titles and
 * summaries. Models of Pro are among them, because such work is the operator's. Where no price is known, it is the default
 * model. The comparison is a call that reads ten times as much as it writes.
 * @param day the UTC day, YYYY-MM-DD: prices change
 */
export function cheapestModel({ model: usual, models, prices }: GeminiConfig, day: string): string {
  const priced = models.flatMap(({ name }) => {
    const cost = costOf(prices, { ...TYPICAL, model: name, day })
    return cost === null ? [] : [{ name, cost }]
  })
  // Of equally cheap ones the first: the operator's order.
  return (
    priced.reduce((best, next) => (best && best.cost <= next.cost ? best : next), priced[0])?.name ?? usual
  )
}

const TYPICAL = {
  answeredBy: null,
  promptTokens: 1_000,
  cachedTokens: 0,
  outputTokens: 100,
  thoughtTokens: 0,
  toolTokens: 0,
  searchQueries: 0,
}
