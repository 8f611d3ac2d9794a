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
  /** Hears with each chunk, and at the end of the stream, what Gemini has said of the answer so far. */
  onMeta(meta: ResponseMeta): void
}

/** Counts of tokens as the provider bills them. */
export interface TokenUsage {
  promptTokens: number
  outputTokens: number
  thoughtTokens: number
  totalTokens: number
}

/** What Gemini has said of an answer beside its text, however that ends. */
export interface ResponseMeta {
  /** null until the stream has ended: some models put STOP on every chunk. */
  finishReason: string | null
  usage: TokenUsage | null
  /** The model that answers, which may be a dated version of the one asked. */
  model: string | null
}

/** How a complete answer ended. */
export interface Completion extends ResponseMeta {
  finishReason: string
  model: string
}

export interface Gemini {
  /**
   * Asks the model and yields its text as it comes. Returns only when Gemini says that the answer is complete.
   * @throws {AttemptFailed} for everything else, a silent end included; `signal.reason` when aborted
   */
  stream(request: GeminiRequest): AsyncGenerator<string, Completion>
}

export interface GeminiOptions {
  apiKey: string
  /** null: Google's. */
  baseUrl: string | null
  maxOutputTokens: number | null
  /** The longest silence before the first and between two chunks. */
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
): AsyncGenerator<string, Completion> {
  using watchdog = createWatchdog(limits)
  const ending = emptyEnding(request.model)
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
      const text = take(chunk, ending)
      request.onMeta({ finishReason: null, usage: ending.usage, model: ending.model })
      if (text) yield text
    }
  } catch (error) {
    request.signal.throwIfAborted()
    const failure = toAttemptFailed(watchdog.signal.aborted ? watchdog.signal.reason : error)
    throw ending.answered ? brokenOff(failure) : failure
  }
  request.onMeta({ finishReason: ending.finishReason, usage: ending.usage, model: ending.model })
  return conclude(ending)
}

interface Ending {
  finishReason: string | null
  blockReason: string | null
  usage: TokenUsage | null
  model: string
  /** Whether Gemini began to answer at all. */
  answered: boolean
  characters: number
}

function emptyEnding(model: string): Ending {
  return { finishReason: null, blockReason: null, usage: null, model, answered: false, characters: 0 }
}

/** Notes what a chunk says about the end and returns its text. Usage is a running total; STOP may be on every chunk. */
function take(chunk: GenerateContentResponse, ending: Ending): string {
  const candidate = chunk.candidates?.[0]
  ending.answered ||= candidate !== undefined
  ending.finishReason = candidate?.finishReason ?? ending.finishReason
  ending.blockReason = chunk.promptFeedback?.blockReason ?? ending.blockReason
  ending.model = chunk.modelVersion ?? ending.model
  const usage = chunk.usageMetadata
  if (usage) {
    ending.usage = {
      promptTokens: usage.promptTokenCount ?? 0,
      outputTokens: usage.candidatesTokenCount ?? 0,
      thoughtTokens: usage.thoughtsTokenCount ?? 0,
      totalTokens: usage.totalTokenCount ?? 0,
    }
  }
  const text = (candidate?.content?.parts ?? [])
    .flatMap((part) => (part.thought ? [] : (part.text ?? [])))
    .join("")
  ending.characters += text.length
  return text
}

/** Finish reasons by which the provider's rules ended the answer; asking again gives the same. */
const BLOCKED = new Set([
  "SAFETY",
  "RECITATION",
  "BLOCKLIST",
  "PROHIBITED_CONTENT",
  "SPII",
  "LANGUAGE",
  "IMAGE_SAFETY",
])

function conclude({ finishReason, blockReason, usage, model, answered, characters }: Ending): Completion {
  if (blockReason !== null) throw new AttemptFailed("blocked", `the prompt was blocked: ${blockReason}`)
  if (finishReason === null && answered && characters === 0)
    throw new AttemptFailed("empty", "the candidate is empty")
  if (finishReason === null)
    throw new AttemptFailed("interrupted", "the stream ended without a finish reason")
  if (BLOCKED.has(finishReason)) throw new AttemptFailed("blocked", `the answer was blocked: ${finishReason}`)
  if (finishReason === "MAX_TOKENS")
    throw new AttemptFailed("truncated", "the answer reached the token limit")
  if (finishReason !== "STOP")
    throw new AttemptFailed("provider_refused", `the answer ended with ${finishReason}`)
  if (characters === 0) throw new AttemptFailed("empty", "the answer has no text")
  return { finishReason, usage, model }
}

/** Whoever has read half an answer knows that the model was reached. */
function brokenOff(failure: AttemptFailed): AttemptFailed {
  if (failure.code !== "provider_unreachable") return failure
  return new AttemptFailed("interrupted", failure.message, { cause: failure.cause })
}

/** A signal that aborts after too long a silence or too long a whole. */
function createWatchdog({ idleTimeoutMs, totalTimeoutMs }: Limits) {
  const controller = new AbortController()
  const bark = (what: string) => () => controller.abort(new AttemptFailed("provider_unreachable", what))
  const total = setTimeout(bark("the answer took too long"), totalTimeoutMs)
  const idle = setTimeout(bark("the provider fell silent"), idleTimeoutMs)
  return {
    signal: controller.signal,
    touch: () => idle.refresh(),
    [Symbol.dispose]() {
      clearTimeout(total)
      clearTimeout(idle)
      // Also reached when the consumer stops early: the connection to the provider must not live on.
      controller.abort()
    },
  }
}
