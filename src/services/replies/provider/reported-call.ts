import type { ReportedCall } from "../../usage/model-use.ts"
import type { ResponseMeta } from "./progress.ts"

/** Returns what a call reported, as it is billed. */
export function toReportedCall(model: string, { usage, sources, ...metadata }: ResponseMeta): ReportedCall {
  return {
    model,
    answeredBy: metadata.model,
    promptTokens: usage?.promptTokens ?? null,
    cachedTokens: usage?.cachedTokens ?? null,
    outputTokens: usage?.outputTokens ?? null,
    thoughtTokens: usage?.thoughtTokens ?? null,
    toolTokens: usage?.toolTokens ?? null,
    searchQueries: sources.queries.size,
    hasReadPages: sources.read,
  }
}
