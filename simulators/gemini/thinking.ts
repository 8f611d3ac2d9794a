import type { Behaviour } from "./directives.ts"
import { thinks } from "./models.ts"
import { composeThought, hashOf } from "./reply-text.ts"
import type { GenerateRequest } from "./request.ts"
import type { Frame, ReplyPart } from "./wire.ts"

const THINKING_TOKENS: Record<string, number> = { minimal: 8, low: 24, medium: 96, high: 384 }

/** How many summaries a level is worth. */
const SUMMARIES: Record<string, number> = { minimal: 1, low: 1, medium: 2, high: 3 }

/** Thinking takes at most half of what the reply may spend, so a small limit still leaves some text. */
export function thinkingTokens(model: string, request: GenerateRequest): number {
  if (!thinks(model)) return 0
  const { thinkingConfig, maxOutputTokens = Number.POSITIVE_INFINITY } = request.generationConfig
  if (thinkingConfig?.thinkingBudget === 0) return 0
  const tokens = THINKING_TOKENS[levelOf(request)] ?? 0
  return Math.min(tokens + (hashOf(model, request) % 16), Math.floor(maxOutputTokens / 2))
}

/** The summaries of a reply's thoughts, a part each; none unless the request asks for them. */
export function thoughtParts(request: GenerateRequest, { thoughts }: Behaviour, tokens: number): ReplyPart[] {
  if (!request.generationConfig.thinkingConfig?.includeThoughts || tokens === 0) return []
  const count = thoughts ?? SUMMARIES[levelOf(request)] ?? 1
  return Array.from({ length: count }, (_, at) => ({ text: composeThought(request, at), thought: true }))
}

/**
 * The pauses before the chunks of a reply. Of a reply that thinks for `thinkMs` nothing comes meanwhile but the
 * summaries, evenly.
 */
export function pausesOf(frames: Frame[], { thinkMs }: Behaviour, delayMs: number): number[] {
  const first = frames.findIndex((frame) => !isThought(frame))
  if (thinkMs === undefined) return frames.map(() => delayMs)
  return frames.map((_, at) => (at <= first ? Math.round(thinkMs / (first + 1)) : delayMs))
}

function isThought({ candidates }: Frame): boolean {
  return candidates?.[0]?.content?.parts?.some(({ thought }) => thought) ?? false
}

function levelOf({ generationConfig }: GenerateRequest): string {
  return generationConfig.thinkingConfig?.thinkingLevel ?? "medium"
}
