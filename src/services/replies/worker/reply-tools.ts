import { TOOLS, type Tool } from "../../../models/chatroom.ts"
import type { Context } from "../../context.ts"
import { chargeTool, failedByPrompt } from "../../usage/quota.ts"
import type { FailureCode } from "../provider/failures.ts"
import type { ResponseMeta } from "../provider/gemini.ts"
import { modelsFor } from "../provider/model-fallback.ts"
import { thinkingFor, toolsFor } from "../provider/model-settings.ts"
import type { NoticeCode } from "../provider/notices.ts"
import type { AttemptBuffer } from "./attempt-buffer.ts"
import type { Attempt } from "./claim-reply.ts"

/** The tools that an attempt may use, and those that the day's quota has no unit left for. */
export interface GrantedTools {
  granted: readonly Tool[]
  refused: readonly Tool[]
}

export const NO_TOOLS: GrantedTools = { granted: [], refused: [] }

const OVER_LIMIT = { webSearch: "web_search_limit", urlContext: "url_context_limit" } as const
const UNSUPPORTED = { webSearch: "web_search_unsupported", urlContext: "url_context_unsupported" } as const

/**
 * Takes a unit of the day's quota for each tool that the room wants and that a model may use. Before the call and not
 * with the prompt, so that whatever makes a reply is counted alike, and a prompt over the limit still gets its reply.
 */
export async function takeTools(ctx: Context, attempt: Attempt): Promise<GrantedTools> {
  const granted: Tool[] = []
  const refused: Tool[] = []
  for (const tool of TOOLS) {
    const isKnown = modelsFor(ctx, attempt.model).some((model) => toolsFor(model, [tool]).length > 0)
    if (!attempt[tool] || !isKnown) continue
    const reply = { userId: attempt.userId, replyId: attempt.id, attempt: attempt.number }
    const holds = await chargeTool(ctx.db.pool, ctx.config.plans, { ...reply, tool })
    ;(holds ? granted : refused).push(tool)
  }
  return { granted, refused }
}

/**
 * Returns the tools whose units an ending reply keeps; null where it holds none. Those that were used are kept, unless
 * the reply failed for the provider's reasons or ours. Of a reply that its user cut off it isn't known, and it could be
 * cut off every time.
 */
export function usedTools(
  { attempt, tools: { granted }, metadata: { sources, usage }, calls }: AttemptBuffer,
  { status, code }: { status: "completed" | "failed" | "cancelled"; code: FailureCode | null },
): readonly Tool[] | null {
  if (!attempt.holdsTools && granted.length === 0) return null
  if (status === "failed" && !failedByPrompt(code)) return []
  if (status === "cancelled" && calls.made > 0) return granted
  const used = { webSearch: sources.searched, urlContext: sources.read }
  const isUnclear = (usage?.toolTokens ?? 0) > 0 && !used.webSearch && !used.urlContext
  return granted.filter((tool) => isUnclear || used[tool])
}

/** Returns what a reply was made without. */
export function noticesOf(
  attempt: Attempt,
  { refused }: GrantedTools,
  { requested }: ResponseMeta,
): NoticeCode[] {
  const model = requested ?? attempt.model
  const wanted = TOOLS.filter((tool) => attempt[tool] && !refused.includes(tool))
  const unsupported = wanted.filter((tool) => toolsFor(model, [tool]).length === 0)
  const thinksAsItDoes = attempt.thinking !== null && thinkingFor(model, attempt.thinking) === null
  return [
    ...refused.map((tool) => OVER_LIMIT[tool]),
    ...unsupported.map((tool) => UNSUPPORTED[tool]),
    ...(thinksAsItDoes ? (["thinking_unsupported"] as const) : []),
  ]
}
