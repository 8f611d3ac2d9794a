import type { Behaviour } from "./directives.ts"
import type { ApiFailure } from "./errors.ts"
import { errorEnvelope, forbidden, frontEndPage, internal, quotaExceeded, unavailable } from "./errors.ts"
import { ENDING_FAULTS, ERROR_FAULTS, isOneOf, OPENING_FAULTS, STATUS_FAULTS } from "./injected-faults.ts"
import { DEFAULT_AFTER, type ReplyContext, replyFrames } from "./reply-frames.ts"
import { pausesOf } from "./thinking.ts"
import {
  contentType,
  cutInto,
  type Form,
  type Frame,
  failureBody,
  frameAll,
  JSON_TYPE,
  joinFrames,
  splitCharacters,
} from "./wire.ts"

const DRIP_DELAY_MS = 200

/** One write to the socket, the pause before it, and the frame that is whole with it. */
export type Write = { bytes: Buffer; waitMs: number; frame?: Frame }

/** All that will happen on the wire for one call, worked out before any of it happens. */
export type Plan = {
  opening: "answer" | "stall" | "cut"
  status: number
  headers: Record<string, string>
  writes: Write[]
  ending: "end" | "stall" | "cut"
  /** What comes after a stall, once it is released; without it, nothing. */
  held?: Write[]
}

/** `told`: the frames that the first chunks hold. */
type Outcome = { chunks: Buffer[]; told: Frame[]; ending: Plan["ending"] }

/** What a generate call gets, with `chunkDelayMs` between chunks unless the behaviour says otherwise. */
export function planReply(form: Form, context: ReplyContext, chunkDelayMs: number): Plan {
  const { behaviour, model } = context
  const { fault } = behaviour
  if (isOneOf(OPENING_FAULTS, fault)) return { ...plain(200), opening: OPENING_FAULTS[fault] }
  if (fault === "forbidden-html") return delayed(planPage(403, "Forbidden"), behaviour)
  if (isOneOf(STATUS_FAULTS, fault)) {
    return delayed(planFailure(STATUS_FAULTS[fault](model, behaviour.retryDelay), form), behaviour)
  }
  const delayMs = behaviour.delayMs ?? (behaviour.drip ? DRIP_DELAY_MS : chunkDelayMs)
  const frames = replyFrames(context)
  return form === "unary" ? planUnary(frames, context, delayMs) : planStream(form, frames, context, delayMs)
}

/** An error reply in the API's envelope. */
export function planFailure(failure: ApiFailure, form: Form = "unary"): Plan {
  return plain(failure.code, failureBody(form, failure), contentType(form))
}

/** A JSON reply. */
export function planJson(body: unknown, status = 200): Plan {
  return plain(status, Buffer.from(`${JSON.stringify(body, null, 2)}\n`), JSON_TYPE)
}

/** The front end's page for a request that didn't reach the API. */
export function planPage(status: number, phrase: string): Plan {
  return plain(status, Buffer.from(frontEndPage(status, phrase)), "text/html; charset=UTF-8")
}

/** Recorded bytes, served as they are. `sizes` cuts them into writes and repeats. */
export function planBytes(bytes: Buffer, options: { status: number; contentType: string; sizes?: number[] }) {
  const pieces = cutInto(bytes, options.sizes ?? [bytes.length])
  const writes = pieces.map((piece) => ({ bytes: piece, waitMs: 0 }))
  return { ...plain(options.status), headers: { "content-type": options.contentType }, writes }
}

function plain(status: number, body?: Buffer, type = JSON_TYPE): Plan {
  const writes = body ? [{ bytes: body, waitMs: 0 }] : []
  return { opening: "answer", status, headers: { "content-type": type }, writes, ending: "end" }
}

function delayed(plan: Plan, { delayMs = 0 }: Behaviour): Plan {
  return { ...plan, writes: plan.writes.map((write) => ({ ...write, waitMs: delayMs })) }
}

function planStream(form: Form, frames: Frame[], context: ReplyContext, delayMs: number): Plan {
  const { behaviour, model } = context
  const { chunks, told, ending } = streamOutcome(form, frames, behaviour, model)
  const pauses = pausesOf(frames, behaviour, delayMs)
  const writes = chunks.flatMap((chunk, at) => writesOf(chunk, behaviour, pauses[at] ?? delayMs, told[at]))
  const arrayEnd = Buffer.from(chunks.length > 0 ? "\n]\n" : "[]\n")
  if (form === "array" && ending === "end") writes.push({ bytes: arrayEnd, waitMs: 0 })
  const plan = { ...plain(200, undefined, contentType(form)), writes, ending }
  if (behaviour.fault !== "stall") return plan
  const rest = planStream(
    form,
    frames,
    { ...context, behaviour: { ...behaviour, fault: undefined } },
    delayMs,
  )
  return { ...plan, held: rest.writes.slice(writes.length) }
}

function streamOutcome(form: Form, frames: Frame[], behaviour: Behaviour, model: string): Outcome {
  const { fault, after = DEFAULT_AFTER } = behaviour
  const kept = frames.slice(0, Math.min(after, frames.length - 1))
  if (isOneOf(ENDING_FAULTS, fault))
    return { chunks: frameAll(form, kept), told: kept, ending: ENDING_FAULTS[fault] }
  if (!ERROR_FAULTS.some((name) => name === fault))
    return { chunks: frameAll(form, frames), told: frames, ending: "end" }
  const error = errorEnvelope(failureOf(behaviour, model))
  if (fault === "error-event" || form === "array") {
    return { chunks: frameAll(form, [...kept, error]), told: kept, ending: "end" }
  }
  return { chunks: withBareError(frameAll(form, kept), error, behaviour), told: kept, ending: "end" }
}

/**
 * An error without `data:`. What the SDK makes of it depends on whether it arrives by itself, so it shares
 * the last chunk's write unless it is asked to come alone.
 */
function withBareError(chunks: Buffer[], error: unknown, { fault, alone }: Behaviour): Buffer[] {
  const blankLine = fault === "error-bare-blank" ? "\r\n\r\n" : ""
  const bare = Buffer.from(JSON.stringify(error, null, 2) + blankLine)
  const last = chunks.at(-1)
  return alone || !last ? [...chunks, bare] : [...chunks.slice(0, -1), Buffer.concat([last, bare])]
}

/** A unary call takes as long as its stream would; the body is cut or stalls half-way. */
function planUnary(frames: Frame[], { behaviour, model }: ReplyContext, delayMs: number): Plan {
  const { fault } = behaviour
  if (ERROR_FAULTS.some((name) => name === fault)) return planFailure(failureOf(behaviour, model))
  const body = unaryBody(frames, behaviour)
  const bytes = Buffer.from(`${JSON.stringify(body, null, 2)}\n`)
  const interrupted = fault === "stall" || fault === "cut"
  const sent = interrupted ? bytes.subarray(0, behaviour.after === 0 ? 0 : bytes.length / 2) : bytes
  const takesMs = pausesOf(frames, behaviour, delayMs).reduce((sum, ms) => sum + ms, 0)
  const writes = writesOf(sent, behaviour, takesMs, body)
  return { ...plain(200), writes, ending: interrupted ? ENDING_FAULTS[fault] : "end" }
}

function unaryBody(frames: Frame[], { fault, after = DEFAULT_AFTER }: Behaviour): Frame {
  if (fault !== "end") return joinFrames(frames)
  const kept = frames.slice(0, Math.max(1, Math.min(after, frames.length - 1)))
  const { candidates = [], ...rest } = joinFrames(kept)
  return { ...rest, candidates: candidates.map(({ finishReason, ...candidate }) => candidate) }
}

/** The writes of a chunk, after a pause. */
function writesOf(chunk: Buffer, { split, bytes }: Behaviour, waitMs: number, frame?: Frame): Write[] {
  if (chunk.length === 0) return []
  const pieces = bytes !== undefined ? cutInto(chunk, [bytes]) : split ? splitCharacters(chunk) : [chunk]
  return pieces.map((piece, at) => ({
    bytes: piece,
    waitMs: at === 0 ? waitMs : 0,
    ...(at === pieces.length - 1 && frame && { frame }),
  }))
}

function failureOf({ code = 503, retryDelay }: Behaviour, model: string): ApiFailure {
  if (code === 429) return quotaExceeded("minute", model, retryDelay)
  const known = [forbidden, internal, unavailable].find((failure) => failure.code === code)
  return known ?? { ...internal, code }
}
