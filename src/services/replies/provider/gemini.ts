import type { Content, GoogleGenAI, Tool as GoogleTool, ThinkingConfig } from "@google/genai"
import type { ApiVersion } from "../../../config/env.ts"
import type { ThinkingLevel, Tool } from "../../../models/chatroom.ts"
import { loadOnce } from "../../../utils/load-once.ts"
import { apiVersionOf } from "./api-version.ts"
import { AttemptFailed } from "./failures.ts"
import {
  NO_META,
  type Progress,
  type ResponseMeta,
  readChunk,
  startProgress,
  toMetadata,
} from "./progress.ts"
import type { TokenUsage } from "./token-usage.ts"
import { toAttemptFailed } from "./transport-errors.ts"
import { judge, NOTHING_SAID } from "./verdict.ts"
import { type CallLimits, createWatchdog, SETTLED } from "./watchdog.ts"
import { createWire, type Wire } from "./wire.ts"

export type { Content, ResponseMeta, TokenUsage }
export { NO_META }

export interface GeminiRequest {
  model: string
  contents: Content[]
  systemInstruction: string | null
  /** One that the model knows. Summaries of the thoughts come with it; without one neither is asked for. */
  thinking?: ThinkingLevel | null
  /** Ones that the model knows. */
  tools?: readonly Tool[]
  /** Instead of the configured limit. */
  maxOutputTokens?: number
  /** Ends the call, and the connection to the provider, at once. */
  signal: AbortSignal
}

/** What a chunk has brought, either part possibly empty, and what is known with it. */
export interface ReplyItem {
  text: string
  /** A summary of what the model thinks. */
  thought: string
  /** Replaces the one before. */
  metadata: ResponseMeta
}

export interface Gemini {
  /** Begins to load the SDK, which the first call waits for. A process that calls nothing needs none of it. */
  prepare(): Promise<void>
  /**
   * Streams a reply. Ends without an error only when Gemini confirms that the reply is complete.
   * @throws {AttemptFailed} in every other case, a missing finish reason included; `signal.reason` when aborted
   */
  stream(request: GeminiRequest): AsyncGenerator<ReplyItem>
}

export interface GeminiOptions extends CallLimits {
  apiKey: string
  /** null: Google's. */
  baseUrl: string | null
  /** The only version that `baseUrl` has; null: as each model needs. */
  apiVersion: ApiVersion | null
  maxOutputTokens: number | null
}

/** Where the API is unless another address is configured. */
export const GOOGLE = "https://generativelanguage.googleapis.com"

/** Passes all that the SDK would otherwise read from the environment of other Google tools. */
export function createGemini(options: GeminiOptions): Gemini {
  const { apiKey, baseUrl } = options
  const httpOptions = { baseUrl: baseUrl ?? GOOGLE, apiVersion: options.apiVersion ?? "v1" }
  const sdk = loadOnce(async (): Promise<Sdk> => {
    const { GoogleGenAI, ThinkingLevel } = await import("@google/genai")
    const { LOW, MEDIUM, HIGH } = ThinkingLevel
    const client = new GoogleGenAI({
      apiKey,
      vertexai: false,
      apiVersion: httpOptions.apiVersion,
      httpOptions,
    })
    return { client, levels: { low: LOW, medium: MEDIUM, high: HIGH } }
  })
  return {
    prepare: async () => void (await sdk()),
    async *stream(request) {
      yield* stream(await sdk(), options, request)
    },
  }
}

interface Sdk {
  client: GoogleGenAI
  levels: Record<ThinkingLevel, NonNullable<ThinkingConfig["thinkingLevel"]>>
}

async function* stream(
  { client, levels }: Sdk,
  options: GeminiOptions,
  request: GeminiRequest,
): AsyncGenerator<ReplyItem> {
  using watchdog = createWatchdog(options)
  const progress = startProgress(request.model)
  const wire = createWire()
  try {
    // Leaving the loop doesn't close the connection; only this signal does.
    const abortSignal = AbortSignal.any([request.signal, watchdog.signal])
    await client.models.generateContentStream(toCall(options, request, { abortSignal, wire, levels }))
    for await (const chunk of wire.chunks()) {
      const { text, thought } = readChunk(chunk, progress)
      watchdog.touch({ mayBeLast: mayBeLast(progress) })
      yield { text, thought, metadata: toMetadata(progress, null) }
    }
  } catch (error) {
    request.signal.throwIfAborted()
    const thrown: unknown = watchdog.signal.aborted ? watchdog.signal.reason : error
    const failure = toAttemptFailed(thrown)
    const isCut = thrown !== failure && failure.code === "provider_unreachable"
    const isSilent = thrown === SETTLED
    if (!(isSilent || isCut) || !isWhole(progress, wire, isSilent))
      throw progress.hasCandidate ? toInterrupted(failure) : failure
  }
  yield { text: "", thought: "", metadata: toMetadata(progress, progress.finishReason) }
  assertComplete(progress)
}

function toCall(
  { apiVersion, ...options }: GeminiOptions,
  {
    model,
    contents,
    systemInstruction,
    thinking,
    tools = [],
    maxOutputTokens = options.maxOutputTokens ?? undefined,
  }: GeminiRequest,
  { abortSignal, wire, levels }: { abortSignal: AbortSignal; wire: Wire } & Pick<Sdk, "levels">,
) {
  const httpOptions = { apiVersion: apiVersion ?? apiVersionOf(model), fetch: wire.fetch }
  return {
    model,
    contents,
    config: {
      abortSignal,
      httpOptions,
      ...(systemInstruction ? { systemInstruction } : {}),
      ...(maxOutputTokens ? { maxOutputTokens } : {}),
      ...(tools.length > 0 ? { tools: tools.map((tool) => TOOLS[tool]) } : {}),
      ...(thinking ? { thinkingConfig: toThinkingConfig(levels[thinking]) } : {}),
    },
  }
}

const TOOLS = { webSearch: { googleSearch: {} }, urlContext: { urlContext: {} } } satisfies Record<
  Tool,
  GoogleTool
>

/** The summaries also show that a model that thinks for long is at work. */
function toThinkingConfig(thinkingLevel: ThinkingConfig["thinkingLevel"]): ThinkingConfig {
  return { thinkingLevel, includeThoughts: true }
}

/** STOP without text, as on a chunk of thoughts, promises more. */
function mayBeLast({ finishReason, blockReason, hasText }: Progress): boolean {
  return blockReason !== null || (finishReason !== null && (hasText || finishReason !== "STOP"))
}

/**
 * Whether a call that fell silent or was cut still gave the whole reply: it had said how the reply ends, and then there
 * was nothing more. Where several chunks said so, a cut may have come before the next one; silence and `[DONE]` have not.
 */
function isWhole(progress: Progress, wire: Wire, isSilent: boolean): boolean {
  if (wire.isPartial || !(progress.finishReason ?? progress.blockReason)) return false
  return isSilent || wire.isDone || (progress.endings <= 1 && !progress.hasGoneOn)
}

/** @throws {AttemptFailed} unless the reply is complete */
function assertComplete({ finishReason, finishMessage, blockReason, hasCandidate, hasText }: Progress): void {
  const { code, ...consequences } = judge({
    ...NOTHING_SAID,
    finishReason,
    blockReason,
    hasCandidate,
    hasText,
  })
  if (code === null) return
  const ends = blockReason ? `the prompt was blocked: ${blockReason}` : `the reply ended with ${finishReason}`
  throw new AttemptFailed(code, finishMessage ? `${ends}: ${finishMessage}` : ends, consequences)
}

/** Once a candidate has arrived, a lost connection no longer means that the model was unreachable. */
function toInterrupted(failure: AttemptFailed): AttemptFailed {
  if (failure.code !== "provider_unreachable") return failure
  return new AttemptFailed("interrupted", failure.message, { cause: failure.cause })
}
