import type { ApiFailure } from "./errors.ts"
import { errorEnvelope } from "./errors.ts"

/** How a reply is framed: one JSON object, a stream of events, or (no `alt=sse`) one JSON array. */
export type Form = "unary" | "sse" | "array"

export type ReplyPart = { text: string; thought?: true; thoughtSignature?: string }

export type Candidate = {
  content?: { parts?: ReplyPart[]; role: "model" }
  finishReason?: string
  index: 0
  safetyRatings?: Array<{ category: string; probability: string }>
  groundingMetadata?: object
  urlContextMetadata?: object
}

/** One `GenerateContentResponse`, as a chunk of a stream or as a whole reply. */
export type Frame = {
  candidates?: Candidate[]
  promptFeedback?: { blockReason: string; safetyRatings: Candidate["safetyRatings"] }
  usageMetadata: Record<string, unknown>
  modelVersion: string
  responseId: string
}

export const JSON_TYPE = "application/json; charset=UTF-8"
const SSE_TYPE = "text/event-stream"

/** Google labels a stream's errors as the stream they aren't; the SDK encodes those a second time. */
export function contentType(form: Form): string {
  return form === "sse" ? SSE_TYPE : JSON_TYPE
}

/** The bytes of each chunk of a stream, in its framing. */
export function frameAll(form: Form, bodies: unknown[]): Buffer[] {
  if (form === "sse") return bodies.map((body) => sseEvent(body))
  return bodies.map((body, at) => Buffer.from(`${at === 0 ? "[" : ",\r\n"}${JSON.stringify(body, null, 2)}`))
}

/** The body of an error reply; the array form wraps it like any element. */
export function failureBody(form: Form, failure: ApiFailure): Buffer {
  const envelope = errorEnvelope(failure)
  return Buffer.from(`${JSON.stringify(form === "array" ? [envelope] : envelope, null, 2)}\n`)
}

/** One chunk of a whole stream, as recorded: CRLF, and a blank line after it. */
export function sseEvent(body: unknown): Buffer {
  return Buffer.from(`data: ${JSON.stringify(body)}\r\n\r\n`)
}

/** Joins the chunks of a stream to the one object a unary call gets. */
export function joinFrames(frames: Frame[]): Frame {
  const last = frames.at(-1)
  if (!last) throw new Error("A reply has at least one frame")
  const candidate = last.candidates?.[0]
  if (!candidate) return last
  const parts = joinParts(frames.flatMap((frame) => frame.candidates?.[0]?.content?.parts ?? []))
  const content = parts.length > 0 ? { parts, role: "model" as const } : candidate.content
  return { ...last, candidates: [{ ...candidate, ...(content && { content }) }] }
}

/** Cuts bytes into pieces of the given sizes, which repeat until the bytes are used up. */
export function cutInto(bytes: Buffer, sizes: number[]): Buffer[] {
  const pieces: Buffer[] = []
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? bytes.length
    pieces.push(bytes.subarray(at, at + size))
    at += size
  }
  return pieces
}

/** Cuts bytes in the middle of every multi-byte character. */
export function splitCharacters(bytes: Buffer): Buffer[] {
  const pieces: Buffer[] = []
  let from = 0
  for (let at = 1; at < bytes.length; at++) {
    if (!isContinuation(bytes[at]) || isContinuation(bytes[at - 1])) continue
    pieces.push(bytes.subarray(from, at))
    from = at
  }
  return [...pieces, bytes.subarray(from)]
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0b1100_0000) === 0b1000_0000
}

function joinParts(parts: ReplyPart[]): ReplyPart[] {
  const joined: ReplyPart[] = []
  for (const part of parts) {
    const last = joined.at(-1)
    if (last && last.thought === part.thought) Object.assign(last, part, { text: last.text + part.text })
    else joined.push({ ...part })
  }
  return joined
}
