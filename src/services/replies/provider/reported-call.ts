import type { ReportedCall } from "../../usage/model-use.ts"
import type { GeminiRequest, ResponseMeta } from "./gemini.ts"

/** What the provider's tools add. */
interface Tools {
  usage?: { toolTokens?: number | null } | null
  searchQueries?: readonly string[]
}

/** Returns what a call reported, as it is billed. */
export function toReportedCall(
  model: string,
  metadata: ResponseMeta & Tools,
  request: Partial<GeminiRequest> & { urlContext?: boolean },
): ReportedCall {
  const { usage } = metadata
  return {
    model,
    answeredBy: metadata.model,
    promptTokens: usage?.promptTokens ?? null,
    cachedTokens: usage?.cachedTokens ?? null,
    outputTokens: usage?.outputTokens ?? null,
    thoughtTokens: usage?.thoughtTokens ?? null,
    toolTokens: (metadata as Tools).usage?.toolTokens ?? null,
    searchQueries: metadata.searchQueries?.length ?? 0,
    urlContext: request.urlContext ?? false,
  }
}
