import type { Context } from "../../context.ts"
import { type ModelUse, toUse } from "../../usage/model-use.ts"
import { MAX_ATTEMPTS } from "../accept/reply-queue.ts"
import { AttemptFailed } from "./failures.ts"
import { type GeminiRequest, NO_META, type ReplyItem, type ResponseMeta } from "./gemini.ts"
import { thinkingFor, toolsFor } from "./model-settings.ts"
import { toReportedCall } from "./reported-call.ts"
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
 * The calls to Gemini that a reply may cost in all: attempts, each with its fallback models. A lost worker's call, and
 * one that was handed back because its worker stopped, don't count.
 */
export const MAX_CALLS = MAX_ATTEMPTS

/** The calls that a reply may still cost; `made` is raised with each. */
export interface CallBudget {
  made: number
  readonly most: number
  /** What the calls used, failed ones included: the provider bills them all. */
  uses: ModelUse[]
}

export interface ReplyRequest extends Omit<GeminiRequest, "model"> {
  /** The room's; null: the usual one. */
  wanted: string | null
  chatroomId: string
  /** The UTC day whose prices apply, YYYY-MM-DD. */
  day: string
  calls: CallBudget
}

/**
 * Streams a reply from the room's model or, while that model can't reply but another one may, from the fallback models
 * in their order. Once text or a thought has arrived no other model is tried, because it would continue what isn't its
 * own. Each is asked for what it knows of the wanted thinking and tools.
 * @throws {CircuitOpen | RpmLimitReached | AttemptFailed} and `signal.reason` when aborted
 */
export async function* streamReply(ctx: Context, request: ReplyRequest): AsyncGenerator<ReplyItem> {
  const { calls } = request
  let failure: AttemptFailed | null = null
  let isOneSkipped = false
  const models = modelsFor(ctx, request.wanted)
  for (const model of models) {
    if (calls.made >= calls.most) break
    if (!ctx.circuitBreaker.allows(model, isLast(calls))) {
      isOneSkipped = true
      continue
    }
    let hasBegun = false
    try {
      for await (const item of streamFrom(ctx, model, request)) {
        hasBegun ||= item.text !== "" || item.thought !== ""
        yield item
      }
      return
    } catch (error) {
      if (!(error instanceof AttemptFailed) || !error.fallback || hasBegun) throw error
      failure = worse(failure, error)
    }
  }
  // A model that was skipped may reply once it has cooled down, so what the others lack for good doesn't end the reply.
  const mayWait = failure?.overload || (isOneSkipped && !failure?.retryable)
  if (failure && (!mayWait || calls.made >= calls.most)) throw failure
  // A call that only confirmed an open circuit isn't a failed attempt.
  const cooldownMs = Math.min(...models.map((model) => ctx.circuitBreaker.cooldownMs(model, isLast(calls))))
  throw cooldownMs > 0 || !failure ? new CircuitOpen(Math.max(cooldownMs, 1)) : failure
}

const isLast = ({ made, most }: CallBudget) => made === most - 1

/** Lists the models that may reply, in their order. Exhausted ones come last: they are called only if there is no other. */
export function modelsFor(
  { config, circuitBreaker }: Pick<Context, "config" | "circuitBreaker">,
  wanted: string | null,
): string[] {
  const { model: usual, fallbackModels } = config.gemini
  const models = [...new Set([wanted ?? usual, ...fallbackModels])]
  const useful = models.filter((model) => !circuitBreaker.isExhausted(model))
  return useful.length > 0 ? useful : models.slice(0, 1)
}

/** Of two models' failures the one that passes sooner is the reply's: then it is tried again. */
function worse(before: AttemptFailed | null, failure: AttemptFailed): AttemptFailed {
  return before && (before.retryable || !failure.retryable) ? before : failure
}

/** Calls one model, traced, counted and reported to its circuit breaker. */
async function* streamFrom(
  ctx: Context,
  model: string,
  { wanted: _, chatroomId, day, calls, ...request }: ReplyRequest,
): AsyncGenerator<ReplyItem> {
  await countCall(ctx)
  calls.made++
  using span = beginSpan(ctx, model, chatroomId)
  const startedAt = performance.now()
  let metadata: ResponseMeta | null = null
  let hasBegun = false
  let hasText = false
  const adapted = {
    model,
    thinking: thinkingFor(model, request.thinking),
    tools: toolsFor(model, request.tools),
  }
  try {
    for await (const item of ctx.gemini.stream({ ...request, ...adapted })) {
      if (!metadata) span.set({ "gen_ai.response.time_to_first_chunk": secondsSince(startedAt) })
      metadata = item.metadata
      // Now and not at the end, which only shows that the model accepted a call some time ago.
      if (!hasBegun && (item.text || item.thought)) {
        ctx.circuitBreaker.succeeded(model)
        hasBegun = true
      }
      if (!hasText && item.text) {
        span.mark("first text")
        hasText = true
      }
      yield item
    }
  } catch (error) {
    span.fail(error)
    if (error instanceof AttemptFailed) report(ctx, model, error)
    throw error
  } finally {
    span.set(describe(metadata ?? NO_META))
    countTokens(ctx, model, metadata)
    const use = metadata && toUse(ctx.config.gemini.prices, day, toReportedCall(model, metadata))
    if (use) {
      calls.uses.push(use)
      ctx.events.callBilled(use)
    }
  }
}

/** What a failure says about the model, and about the account. */
function report({ circuitBreaker, events }: Context, model: string, failure: AttemptFailed): void {
  if (failure.overload) circuitBreaker.failed(model, failure.retryAfterMs)
  else if (failure.exhausted) circuitBreaker.exhausted(model)
  // A silence says neither that the model is overloaded nor that it isn't.
  else if (!failure.fallback) circuitBreaker.succeeded(model)
  if (failure.code === "provider_exhausted")
    events.providerExhausted({ model, reason: failure.alert ?? "quota_day", detail: failure.message })
}

const secondsSince = (startedAt: number) => (performance.now() - startedAt) / 1_000

/**
 * Attributes as in https://github.com/open-telemetry/semantic-conventions-genai (client inference), without prompt and
 * reply text.
 */
export function beginSpan(ctx: Context, model: string, chatroomId: string) {
  const attributes = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "gcp.gemini",
    "gen_ai.request.model": model,
    "gen_ai.request.stream": true,
    "gen_ai.conversation.id": chatroomId,
  }
  return ctx.tracing.begin(`chat ${model}`, { kind: "client", attributes })
}

/** Leaves out what isn't known. */
export function describe({ model, finishReason, responseId, usage }: ResponseMeta) {
  return {
    ...(model && { "gen_ai.response.model": model }),
    ...(finishReason && { "gen_ai.response.finish_reasons": [finishReason] }),
    ...(responseId && { "gen_ai.response.id": responseId }),
    ...known("gen_ai.usage.input_tokens", usage?.promptTokens),
    ...known("gen_ai.usage.output_tokens", usage?.outputTokens),
    ...known("gen_ai.usage.cache_read.input_tokens", usage?.cachedTokens),
    ...known("gen_ai.usage.reasoning.output_tokens", usage?.thoughtTokens),
  }
}

const known = (name: string, count: number | null | undefined) =>
  count === null || count === undefined ? {} : { [name]: count }

/** Counts the tokens of every call, failed ones included: the provider bills them all. */
export function countTokens({ metrics, log }: Context, model: string, metadata: ResponseMeta | null): void {
  metrics.tokens.inc({ kind: "prompt" }, metadata?.usage?.promptTokens ?? 0)
  metrics.tokens.inc({ kind: "output" }, metadata?.usage?.outputTokens ?? 0)
  metrics.tokens.inc({ kind: "thought" }, metadata?.usage?.thoughtTokens ?? 0)
  metrics.tokens.inc({ kind: "tool" }, metadata?.usage?.toolTokens ?? 0)
  metrics.webSearches.inc(metadata?.sources.queries.size ?? 0)
  if (metadata?.oddCounts.length)
    log.warn({ model, counts: metadata.oddCounts }, "the provider sent token counts that aren't ones")
}
