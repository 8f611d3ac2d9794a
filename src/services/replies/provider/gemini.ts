import { type CitationMetadata, type Content, type GenerateContentResponse, GoogleGenAI } from "@google/genai"
import type { ApiVersion } from "../../../config/env.ts"
import { apiVersionOf } from "./api-version.ts"
import { AttemptFailed } from "./failures.ts"
import { readUsage, type TokenUsage } from "./token-usage.ts"
import { toAttemptFailed } from "./transport-errors.ts"
import { judge, NOTHING_SAID } from "./verdict.ts"
import { type CallLimits, createWatchdog, SETTLED } from "./watchdog.ts"
import { createWire, type Wire } from "./wire.ts"

export type { Content, TokenUsage }

export interface GeminiRequest {
  model: string
  contents: Content[]
  systemInstruction: string | null
  /** Instead of the configured limit. */
  maxOutputTokens?: number
  /** Ends the call, and the connection to the provider, at once. */
  signal: AbortSignal
}

/** What Gemini sends. Each `metadata` replaces the one before. */
export type ReplyItem = { type: "text"; text: string } | { type: "metadata"; metadata: ResponseMeta }

/** What Gemini reports about a reply beside its text, whether the reply succeeds or fails. */
export interface ResponseMeta {
  /** null until the stream has ended: some models put STOP on every chunk. */
  finishReason: string | null
  usage: TokenUsage | null
  /** Names of counts that the provider sent, but that aren't ones. */
  oddCounts: string[]
  /** The model that replies, which may be a dated version of the requested one. */
  model: string | null
  responseId: string | null
  citations: CitationMetadata[]
}

/** What is known before the first chunk. */
export const NO_META: ResponseMeta = {
  finishReason: null,
  usage: null,
  oddCounts: [],
  model: null,
  responseId: null,
  citations: [],
}

export interface Gemini {
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

const GOOGLE = "https://generativelanguage.googleapis.com"

/** Passes all that the SDK would otherwise read from the environment of other Google tools. */
export function createGemini(options: GeminiOptions): Gemini {
  const { apiKey, baseUrl } = options
  const httpOptions = { baseUrl: baseUrl ?? GOOGLE, apiVersion: options.apiVersion ?? "v1" }
  const client = new GoogleGenAI({ apiKey, vertexai: false, apiVersion: httpOptions.apiVersion, httpOptions })
  return { stream: (request) => stream(client, options, request) }
}

async function* stream(
  client: GoogleGenAI,
  options: GeminiOptions,
  request: GeminiRequest,
): AsyncGenerator<ReplyItem> {
  using watchdog = createWatchdog(options)
  const progress = startProgress(request.model)
  const wire = createWire()
  try {
    // Leaving the loop doesn't close the connection; only this signal does.
    const abortSignal = AbortSignal.any([request.signal, watchdog.signal])
    const chunks = await client.models.generateContentStream(toCall(options, request, { abortSignal, wire }))
    for await (const chunk of chunks) {
      const text = readChunk(chunk, progress)
      watchdog.touch({ mayBeLast: mayBeLast(progress) })
      yield toMetadata(progress, null)
      if (text) yield { type: "text", text }
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
  yield toMetadata(progress, progress.finishReason)
  assertComplete(progress, toName(wire.finishMessage))
}

function toCall(
  { apiVersion, ...options }: GeminiOptions,
  {
    model,
    contents,
    systemInstruction,
    maxOutputTokens = options.maxOutputTokens ?? undefined,
  }: GeminiRequest,
  { abortSignal, wire }: { abortSignal: AbortSignal; wire: Wire },
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
    },
  }
}

/** What the chunks so far add up to. */
interface Progress extends Omit<ResponseMeta, "model"> {
  model: string
  blockReason: string | null
  hasCandidate: boolean
  hasText: boolean
  /** How many chunks have said how the reply ends: after more than one, each may be followed by another. */
  endings: number
  /** Text has come after a chunk that said how the reply ends. */
  hasGoneOn: boolean
}

function startProgress(model: string): Progress {
  return {
    ...NO_META,
    citations: [],
    model,
    blockReason: null,
    hasCandidate: false,
    hasText: false,
    endings: 0,
    hasGoneOn: false,
  }
}

function toMetadata(progress: Progress, finishReason: string | null): ReplyItem {
  const { usage, oddCounts, model, responseId, citations } = progress
  return { type: "metadata", metadata: { finishReason, usage, oddCounts, model, responseId, citations } }
}

/** Adds a chunk to `progress` and returns its text. Usage is a running total; STOP may be on every chunk. */
function readChunk(chunk: GenerateContentResponse, progress: Progress): string {
  const candidate = chunk.candidates?.[0]
  const text = (candidate?.content?.parts ?? [])
    .flatMap((part) => (part.thought || typeof part.text !== "string" ? [] : part.text))
    .join("")
  progress.hasCandidate ||= candidate !== undefined
  progress.hasText ||= isVisible(text)
  progress.hasGoneOn ||= progress.endings > 0 && text !== ""
  if (candidate?.finishReason) {
    progress.endings++
    progress.finishReason = toName(candidate.finishReason)
  }
  progress.blockReason = toName(chunk.promptFeedback?.blockReason) ?? progress.blockReason
  progress.model = toName(chunk.modelVersion) ?? progress.model
  progress.responseId = toName(chunk.responseId) ?? progress.responseId
  if (candidate?.citationMetadata) progress.citations.push(candidate.citationMetadata)
  if (chunk.usageMetadata) {
    const { usage, odd } = readUsage(chunk.usageMetadata, progress.usage)
    progress.usage = usage
    progress.oddCounts = [...new Set([...progress.oddCounts, ...odd])]
  }
  return text
}

/** Neither white space nor what has no shape: control, format (zero-width) and half characters. */
function isVisible(text: string): boolean {
  return /[^\s\p{Cc}\p{Cf}\p{Cs}\uFFFD]/u.test(text)
}

const MAX_NAME_LENGTH = 300

/** A constant or an id, as it can be stored. */
function toName(value: unknown): string | null {
  if (typeof value !== "string") return null
  return value.replaceAll("\u0000", "").slice(0, MAX_NAME_LENGTH).toWellFormed() || null
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
function assertComplete(
  { finishReason, blockReason, hasCandidate, hasText }: Progress,
  finishMessage: string | null,
): void {
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
