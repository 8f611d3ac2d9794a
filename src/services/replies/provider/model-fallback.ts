import type { Context } from "../../context.ts"
import { AttemptFailed } from "./failures.ts"
import type { Completion, GeminiRequest, TokenUsage } from "./gemini.ts"
import { countCall } from "./rpm-limit.ts"

/** Every model that may answer is overloaded or out of reach, and left alone. */
export class CircuitOpen extends Error {
  readonly cooldownMs: number

  constructor(cooldownMs: number) {
    super("every model is resting")
    this.cooldownMs = cooldownMs
  }
}

export interface Ask {
  request: Omit<GeminiRequest, "model">
  hasText(): boolean
  onText(text: string): void
}

/**
 * Asks the room's model or, while that one is overloaded or can't be reached, the fallbacks in their order. Text that
 * has begun to come is never followed by another model's.
 * @throws {CircuitOpen | CallBudgetSpent | AttemptFailed} and what the request's signal aborts with
 */
export async function askModels(ctx: Context, wanted: string | null, ask: Ask): Promise<Completion> {
  const { model: usual, fallbackModels } = ctx.config.gemini
  const models = [...new Set([wanted ?? usual, ...fallbackModels])]
  let overload: AttemptFailed | null = null
  for (const model of models) {
    if (!ctx.circuitBreaker.allows(model)) continue
    try {
      return await askModel(ctx, model, ask)
    } catch (error) {
      if (!isOverload(error) || ask.hasText()) throw error
      overload = error
    }
  }
  // What only found out that the overload lasts has not failed by it.
  const cooldownMs = Math.min(...models.map((model) => ctx.circuitBreaker.cooldownMs(model)))
  throw cooldownMs > 0 || !overload ? new CircuitOpen(Math.max(cooldownMs, 1)) : overload
}

/** Attributes as in https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/; no text, neither way. */
async function askModel(ctx: Context, model: string, ask: Ask): Promise<Completion> {
  await countCall(ctx)
  const attributes = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "gcp.gemini",
    "gen_ai.request.model": model,
  }
  return ctx.tracing.span(`chat ${model}`, { kind: "client", attributes }, async (span) => {
    const completion = await streamFrom(ctx, model, ask, () => span.mark("first text"))
    span.set({
      "gen_ai.response.model": completion.model,
      "gen_ai.response.finish_reason": completion.finishReason,
      "gen_ai.usage.input_tokens": completion.usage?.promptTokens ?? 0,
      "gen_ai.usage.output_tokens": completion.usage?.outputTokens ?? 0,
    })
    return completion
  })
}

async function streamFrom(
  ctx: Context,
  model: string,
  { request, onText }: Ask,
  onFirst: () => void,
): Promise<Completion> {
  let usage: TokenUsage | null = null
  const onMeta: GeminiRequest["onMeta"] = (meta) => {
    usage = meta.usage
    request.onMeta(meta)
  }
  const stream = ctx.gemini.stream({ ...request, model, onMeta })
  try {
    for (let isFirst = true; ; isFirst = false) {
      const next = await stream.next()
      // What comes later only says that the model took a call some time ago.
      if (isFirst) ctx.circuitBreaker.succeeded(model)
      if (next.done) return next.value
      if (isFirst) onFirst()
      onText(next.value)
    }
  } catch (error) {
    if (isOverload(error)) ctx.circuitBreaker.failed(model, error.retryAfterMs)
    else if (error instanceof AttemptFailed) ctx.circuitBreaker.succeeded(model)
    throw error
  } finally {
    countTokens(ctx, usage)
  }
}

/** Of every call, whatever became of the reply: the provider bills them all. */
function countTokens({ metrics }: Context, usage: TokenUsage | null): void {
  metrics.tokens.inc({ kind: "prompt" }, usage?.promptTokens ?? 0)
  metrics.tokens.inc({ kind: "output" }, usage?.outputTokens ?? 0)
  metrics.tokens.inc({ kind: "thought" }, usage?.thoughtTokens ?? 0)
}

/** A model that lets calls wait or fall looks like this, too: nothing of an answer has come (gemini.ts). */
function isOverload(error: unknown): error is AttemptFailed {
  return (
    error instanceof AttemptFailed &&
    (error.code === "provider_busy" || error.code === "provider_unreachable")
  )
}
