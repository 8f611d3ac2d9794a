import type { GenerateContentResponse, Part } from "@google/genai"
import { addSources, noSources, type Sources } from "./sources.ts"
import { readUsage, type TokenUsage } from "./token-usage.ts"

/** What Gemini reports about a reply beside its text, whether the reply succeeds or fails. */
export interface ResponseMeta {
  /** null until the stream has ended: some models put STOP on every chunk. */
  finishReason: string | null
  usage: TokenUsage | null
  /** Names of counts that the provider sent, but that aren't ones. */
  oddCounts: string[]
  /** The model that was asked; null before a call. */
  requested: string | null
  /** The model that replies, which may be a dated version of the requested one. */
  model: string | null
  responseId: string | null
  sources: Sources
  /** How many bytes of text come before each part. The parts of a kind that follow one another are one. */
  partStarts: readonly number[]
}

/** What is known before the first chunk. */
export const NO_META: ResponseMeta = {
  finishReason: null,
  usage: null,
  oddCounts: [],
  requested: null,
  model: null,
  responseId: null,
  sources: noSources(),
  partStarts: [],
}

/** What the chunks of a call add up to so far. */
export interface Progress extends Omit<ResponseMeta, "model" | "partStarts"> {
  model: string
  partStarts: number[]
  /** The kind of the last part, and all bytes of text. */
  lastPart: keyof Fresh | null
  bytes: number
  /** What the provider says about the finish reason. */
  finishMessage: string | null
  blockReason: string | null
  hasCandidate: boolean
  hasText: boolean
  /** How many chunks have said how the reply ends: after more than one, each may be followed by another. */
  endings: number
  /** Text has come after a chunk that said how the reply ends. */
  hasGoneOn: boolean
}

export function startProgress(model: string): Progress {
  return {
    ...NO_META,
    sources: noSources(),
    partStarts: [],
    lastPart: null,
    bytes: 0,
    finishMessage: null,
    requested: model,
    model,
    blockReason: null,
    hasCandidate: false,
    hasText: false,
    endings: 0,
    hasGoneOn: false,
  }
}

export function toMetadata(progress: Progress, finishReason: string | null): ResponseMeta {
  const { usage, oddCounts, requested, model, responseId, sources, partStarts } = progress
  return { finishReason, usage, oddCounts, requested, model, responseId, sources, partStarts }
}

/** What a chunk adds to a reply. */
interface Fresh {
  text: string
  thought: string
}

/** Adds a chunk to `progress` and returns what is new. Usage is a running total; STOP may be on every chunk. */
export function readChunk(chunk: GenerateContentResponse, progress: Progress): Fresh {
  const candidate = chunk.candidates?.[0]
  const { text, thought } = readParts(candidate?.content?.parts ?? [], progress)
  progress.hasCandidate ||= candidate !== undefined
  progress.hasText ||= isVisible(text)
  progress.hasGoneOn ||= progress.endings > 0 && text !== ""
  if (candidate?.finishReason) {
    progress.endings++
    progress.finishReason = toName(candidate.finishReason)
  }
  progress.finishMessage = toName(candidate?.finishMessage) ?? progress.finishMessage
  progress.blockReason = toName(chunk.promptFeedback?.blockReason) ?? progress.blockReason
  progress.model = toName(chunk.modelVersion) ?? progress.model
  progress.responseId = toName(chunk.responseId) ?? progress.responseId
  addSources(progress.sources, candidate)
  if (chunk.usageMetadata) {
    const { usage, odd } = readUsage(chunk.usageMetadata, progress.usage)
    progress.usage = usage
    progress.oddCounts = [...new Set([...progress.oddCounts, ...odd])]
  }
  return { text, thought }
}

function readParts(parts: readonly Part[], progress: Progress): Fresh {
  const fresh = { text: "", thought: "" }
  for (const { text, thought } of parts) {
    if (typeof text !== "string") continue
    const kind = thought ? "thought" : "text"
    if (kind !== progress.lastPart) progress.partStarts.push(progress.bytes)
    progress.lastPart = kind
    if (kind === "text") progress.bytes += Buffer.byteLength(text)
    fresh[kind] += text
  }
  return fresh
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
