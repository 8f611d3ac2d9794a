import { type Content, type GenerateContentResponse, GoogleGenAI } from "@google/genai"
import { AttemptFailed } from "./failures.ts"
import { toAttemptFailed } from "./provider-errors.ts"

export type { Content }

export interface GeminiRequest {
  model: string
  contents: Content[]
  systemInstruction: string | null
  /** Ends the call, and the connection to the provider, at once. */
  signal: AbortSignal
}

/** What Gemini sends. Each `metadata` replaces the one before. */
export type ReplyItem = { type: "text"; text: string } | { type: "metadata"; metadata: ResponseMeta }

/** Counts of tokens as the provider bills them. */
export interface TokenUsage {
  promptTokens: number
  outputTokens: number
  thoughtTokens: number
  totalTokens: number
}

/** What Gemini reports about a reply beside its text, whether the reply succeeds or fails. */
export interface ResponseMeta {
  /** null until the stream has ended: some models put STOP on every chunk. */
  finishReason: string | null
  usage: TokenUsage | null
  /** The model that replies, which may be a dated version of the requested one. */
  model: string | null
}

export interface Gemini {
  /**
   * Streams a reply. Ends without an error only when Gemini confirms that the reply is complete.
   * @throws {AttemptFailed} in every other case, a missing finish reason included; `signal.reason` when aborted
   */
  stream(request: GeminiRequest): AsyncGenerator<ReplyItem>
}

export interface GeminiOptions {
  apiKey: string
  /** null: Google's. */
  baseUrl: string | null
  maxOutputTokens: number | null
  /** The longest wait for the first chunk and between two chunks. */
  idleTimeoutMs: number
  totalTimeoutMs: number
}

export function createGemini({ apiKey, baseUrl, ...options }: GeminiOptions): Gemini {
  const client = new GoogleGenAI({ apiKey, ...(baseUrl ? { httpOptions: { baseUrl } } : {}) })
  return { stream: (request) => stream(client, options, request) }
}

type Limits = Omit<GeminiOptions, "apiKey" | "baseUrl">

async function* stream(
  client: GoogleGenAI,
  limits: Limits,
  request: GeminiRequest,
): AsyncGenerator<ReplyItem> {
  using watchdog = createWatchdog(limits)
  const progress = startProgress(request.model)
  try {
    const chunks = await client.models.generateContentStream({
      model: request.model,
      contents: request.contents,
      config: {
        // Leaving the loop doesn't close the connection; only this signal does.
        abortSignal: AbortSignal.any([request.signal, watchdog.signal]),
        ...(request.systemInstruction ? { systemInstruction: request.systemInstruction } : {}),
        ...(limits.maxOutputTokens ? { maxOutputTokens: limits.maxOutputTokens } : {}),
      },
    })
    for await (const chunk of chunks) {
      watchdog.touch()
      const text = readChunk(chunk, progress)
      yield toMetadata(progress, null)
      if (text) yield { type: "text", text }
    }
  } catch (error) {
    request.signal.throwIfAborted()
    const failure = toAttemptFailed(watchdog.signal.aborted ? watchdog.signal.reason : error)
    throw progress.hasCandidate ? toInterrupted(failure) : failure
  }
  yield toMetadata(progress, progress.finishReason)
  assertComplete(progress)
}

/** What the chunks so far add up to. */
interface Progress {
  finishReason: string | null
  blockReason: string | null
  usage: TokenUsage | null
  model: string
  hasCandidate: boolean
  characters: number
}

function startProgress(model: string): Progress {
  return { finishReason: null, blockReason: null, usage: null, model, hasCandidate: false, characters: 0 }
}

function toMetadata({ usage, model }: Progress, finishReason: string | null): ReplyItem {
  return { type: "metadata", metadata: { finishReason, usage, model } }
}

/** Adds a chunk to `progress` and returns its text. Usage is a running total; STOP may be on every chunk. */
function readChunk(chunk: GenerateContentResponse, progress: Progress): string {
  const candidate = chunk.candidates?.[0]
  progress.hasCandidate ||= candidate !== undefined
  progress.finishReason = candidate?.finishReason ?? progress.finishReason
  progress.blockReason = chunk.promptFeedback?.blockReason ?? progress.blockReason
  progress.model = chunk.modelVersion ?? progress.model
  const usage = chunk.usageMetadata
  if (usage) {
    progress.usage = {
      promptTokens: usage.promptTokenCount ?? 0,
      outputTokens: usage.candidatesTokenCount ?? 0,
      thoughtTokens: usage.thoughtsTokenCount ?? 0,
      totalTokens: usage.totalTokenCount ?? 0,
    }
  }
  const text = (candidate?.content?.parts ?? [])
    .flatMap((part) => (part.thought ? [] : (part.text ?? [])))
    .join("")
  progress.characters += text.length
  return text
}

/** Finish reasons set by the provider's rules: the same request would be blocked again. */
const BLOCKED = new Set([
  "SAFETY",
  "RECITATION",
  "BLOCKLIST",
  "PROHIBITED_CONTENT",
  "SPII",
  "LANGUAGE",
  "IMAGE_SAFETY",
])

/** @throws {AttemptFailed} unless the reply is complete */
function assertComplete({ finishReason, blockReason, hasCandidate, characters }: Progress): void {
  if (blockReason !== null) throw new AttemptFailed("blocked", `the prompt was blocked: ${blockReason}`)
  if (finishReason === null && hasCandidate && characters === 0)
    throw new AttemptFailed("empty", "the candidate is empty")
  if (finishReason === null)
    throw new AttemptFailed("interrupted", "the stream ended without a finish reason")
  if (BLOCKED.has(finishReason)) throw new AttemptFailed("blocked", `the reply was blocked: ${finishReason}`)
  if (finishReason === "MAX_TOKENS") throw new AttemptFailed("truncated", "the reply reached the token limit")
  if (finishReason !== "STOP")
    throw new AttemptFailed("provider_refused", `the reply ended with ${finishReason}`)
  if (characters === 0) throw new AttemptFailed("empty", "the reply has no text")
}

/** Once a candidate has arrived, a lost connection no longer means that the model was unreachable. */
function toInterrupted(failure: AttemptFailed): AttemptFailed {
  if (failure.code !== "provider_unreachable") return failure
  return new AttemptFailed("interrupted", failure.message, { cause: failure.cause })
}

/** A signal that aborts when a chunk or the whole reply takes too long. */
function createWatchdog({ idleTimeoutMs, totalTimeoutMs }: Limits) {
  const controller = new AbortController()
  const abort = (detail: string) => () => controller.abort(new AttemptFailed("provider_unreachable", detail))
  const total = setTimeout(abort("the reply took too long"), totalTimeoutMs)
  const idle = setTimeout(abort("the provider sent nothing for too long"), idleTimeoutMs)
  return {
    signal: controller.signal,
    touch: () => idle.refresh(),
    [Symbol.dispose]() {
      clearTimeout(total)
      clearTimeout(idle)
      // Also reached when the consumer stops early: the connection to the provider must be closed then, too.
      controller.abort()
    },
  }
}
