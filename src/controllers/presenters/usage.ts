import type { UsageCounts, UsageOfDay, UsageOfModel, UsageOfUser } from "../../services/usage/read-usage.ts"

export function presentDailyUsage({ day, model, ...counts }: UsageOfDay) {
  return { day, model, ...presentCounts(counts) }
}

export function presentModelUsage({ model, kind, calls, unpricedCalls, ...counts }: UsageOfModel) {
  return { model, kind, calls, unpricedCalls, ...presentCounts(counts) }
}

export function presentUserUsage({ userId, ...counts }: UsageOfUser) {
  return { userId, ...presentCounts(counts) }
}

function presentCounts(counts: Omit<UsageCounts, "model">) {
  return {
    prompts: counts.prompts,
    tokens: {
      prompt: counts.promptTokens,
      cached: counts.cachedTokens,
      output: counts.outputTokens,
      thought: counts.thoughtTokens,
      tool: counts.toolTokens,
    },
    searchQueries: counts.searchQueries,
    cost: presentDollars(counts.cost),
  }
}

export function presentDollars(amount: string | null) {
  return amount === null ? null : { amount, currency: "USD" }
}
