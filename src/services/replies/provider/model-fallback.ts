import type { Context } from "../../context.ts"
import { AttemptFailed } from "./failures.ts"
import type { GeminiRequest, ReplyItem, ResponseMeta } from "./gemini.ts"
import { countCall } from "./rpm-limit.ts"

/** The circuit breaker of every allowed model is open. */
export class CircuitOpen extends Error {
  readonly cooldownMs: number

  constructor(cooldownMs: number) {
    super("every model is cooling down")
    this.cooldownMs = cooldownMs
  }
}

/**
 * Streams a reply from the room's model or, while that model is overloaded or unreachable, from the fallback models in
 * their order. Once text has arrived no other model is tried, because it would continue a text that isn't its own.
 * @throws {CircuitOpen | RpmLimitReached | AttemptFailed} and `signal.reason` when aborted
 */
export async function* streamReply(
  ctx: Context,
  wanted: string | null,
  request: Omit<GeminiRequest, "model">,
): AsyncGenerator<ReplyItem> {
  const { model: usual, fallbackModels } = ctx.config.gemini
  const models = [...new Set([wanted ?? usual, ...fallbackModels])]
  let overload: AttemptFailed | null = null
  for (const model of models) {
    if (!ctx.circuitBreaker.allows(model)) continue
    let hasText = false
    try {
      for await (const item of streamFrom(ctx, { ...request, model })) {
        hasText ||= item.type === "text"
        yield item
      }
      return
    } catch (error) {
      if (!isOverload(error) || hasText) throw error
      overload = error
    }
  }
  // A call that only confirmed an open circuit isn't a failure of the reply.
  const cooldownMs = Math.min(...models.map((model) => ctx.circuitBreaker.cooldownMs(model)))
  throw cooldownMs > 0 || !overload ? new CircuitOpen(Math.max(cooldownMs, 1)) : overload
}

/** Calls one model, traced, counted and reported to its circuit breaker. */
async function* streamFrom(ctx: Context, request: GeminiRequest): AsyncGenerator<ReplyItem> {
  const { model } = request
  await countCall(ctx)
  using span = beginSpan(ctx, model)
  let metadata: ResponseMeta | null = null
  let hasText = false
  try {
    for await (const item of ctx.gemini.stream(request)) {
      if (item.type === "metadata") metadata = item.metadata
      else if (!hasText) {
        hasText = true
        span.mark("first text")
        // Now and not at the end, which only shows that the model accepted a call some time ago.
        ctx.circuitBreaker.succeeded(model)
      }
      yield item
    }
    span.set(describe(metadata))
  } catch (error) {
    span.fail(error)
    if (isOverload(error)) ctx.circuitBreaker.failed(model, error.retryAfterMs)
    else if (error instanceof AttemptFailed) ctx.circuitBreaker.succeeded(model)
    throw error
  } finally {
    countTokens(ctx, metadata)
  }
}

/** Attributes as in https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/, without prompt and reply text. */
function beginSpan(ctx: Context, model: string) {
  const attributes = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "gcp.gemini",
    "gen_ai.request.model": model,
  }
  return ctx.tracing.begin(`chat ${model}`, { kind: "client", attributes })
}

function describe(metadata: ResponseMeta | null) {
  return {
    "gen_ai.response.model": metadata?.model ?? "",
    "gen_ai.response.finish_reason": metadata?.finishReason ?? "",
    "gen_ai.usage.input_tokens": metadata?.usage?.promptTokens ?? 0,
    "gen_ai.usage.output_tokens": metadata?.usage?.outputTokens ?? 0,
  }
}

/** Counts the tokens of every call, failed ones included: the provider bills them all. */
function countTokens({ metrics }: Context, metadata: ResponseMeta | null): void {
  metrics.tokens.inc({ kind: "prompt" }, metadata?.usage?.promptTokens ?? 0)
  metrics.tokens.inc({ kind: "output" }, metadata?.usage?.outputTokens ?? 0)
  metrics.tokens.inc({ kind: "thought" }, metadata?.usage?.thoughtTokens ?? 0)
}

/** Also true of time-outs and refused connections, but only before a candidate has arrived (gemini.ts). */
function isOverload(error: unknown): error is AttemptFailed {
  return (
    error instanceof AttemptFailed &&
    (error.code === "provider_busy" || error.code === "provider_unreachable")
  )
}
