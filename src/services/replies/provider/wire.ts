import { z } from "zod"
import { parseJson } from "../../../utils/json.ts"
import { findError, toFailure } from "./read-error.ts"

/** What a call's bytes have shown that the SDK doesn't pass on. */
export interface Wire {
  /** For the SDK's `httpOptions.fetch`. */
  fetch: typeof fetch
  /** The events ended as they should: `data: [DONE]`, which some gateways send. */
  readonly isDone: boolean
  /** The stream ended, or rests, in the middle of an event. */
  readonly isPartial: boolean
  /** The candidate's `finishMessage`, which the SDK leaves out. */
  readonly finishMessage: unknown
}

/** What the events have shown so far. */
interface Seen {
  isDone: boolean
  isPartial: boolean
  finishMessage: unknown
}

/**
 * Creates a `fetch` that reads one call's response before the SDK does. The SDK encodes error bodies by their content
 * type, drops events that don't begin with `data:`, an error object without that among them, and parses `[DONE]` as
 * JSON. This one throws an error of the provider in any framing as `AttemptFailed`, and passes on the reply's events.
 */
export function createWire(): Wire {
  const state: Seen = { isDone: false, isPartial: false, finishMessage: null }
  return {
    async fetch(url, init) {
      const response = await fetch(url, { ...init, dispatcher: UNHURRIED } as RequestInit)
      if (!response.ok) throw toFailure(response.status, findError(await readBody(response)))
      const body = response.body ? ReadableStream.from(readEvents(response.body, state)) : null
      return new Response(body, { status: response.status, headers: { "content-type": EVENTS } })
    },
    get isDone() {
      return state.isDone
    },
    get isPartial() {
      return state.isPartial
    },
    get finishMessage() {
      return state.finishMessage
    },
  }
}

const EVENTS = "text/event-stream"

/** Longer ones aren't errors, and one is parsed whenever more of it arrives. */
const MAX_BARE_LENGTH = 64 * 1024

/** A status says enough if its body can't be read. */
const readBody = (response: Response) => response.text().catch(() => "")

/** @throws {AttemptFailed} for an error of the provider */
async function* readEvents(body: ReadableStream<Uint8Array>, state: Seen): AsyncGenerator<Uint8Array> {
  const decoder = new TextDecoder()
  const encoder = new TextEncoder()
  let rest = ""
  for await (const bytes of body) {
    const events = (rest + decoder.decode(bytes, { stream: true })).split(/\r\n\r\n|\n\n|\r\r/)
    rest = events.pop() ?? ""
    for (const event of events) {
      const data = readEvent(event)
      if (data?.includes('"finishMessage"')) state.finishMessage = readFinishMessage(data)
      if (data === DONE) state.isDone = true
      else if (data !== null) yield encoder.encode(`data: ${data}\n\n`)
    }
    // These two are whole also without the blank line after them.
    if (looksBare(rest)) readEvent(rest)
    if (readData(rest) === DONE) {
      state.isDone = true
      rest = ""
    }
    state.isPartial = rest.trim() !== ""
  }
  readEvent(rest)
  // The SDK reports it as the beginning of a chunk.
  if (state.isPartial) yield encoder.encode(rest)
}

const DONE = "[DONE]"

function looksBare(rest: string): boolean {
  const text = rest.trim()
  return text.length < MAX_BARE_LENGTH && /^(?!data:).*[}\]]$/s.test(text)
}

/** Returns an event's data; null without any, as in a comment. @throws {AttemptFailed} for an error of the provider */
function readEvent(event: string): string | null {
  const error = event.includes('"error"') ? findError(event) : null
  if (error) throw toFailure(OK, error)
  return readData(event) || null
}

const OK = 200

/** The `data:` lines of an event, as in https://html.spec.whatwg.org/multipage/server-sent-events.html. */
function readData(event: string): string {
  const lines = event.split(/\r\n|\n|\r/)
  return lines.flatMap((line) => (line.startsWith("data:") ? line.slice(5).trim() : [])).join("\n")
}

const Finished = z.object({ candidates: z.tuple([z.object({ finishMessage: z.string() })], z.unknown()) })

const readFinishMessage = (data: string): string | null =>
  Finished.safeParse(parseJson(data)).data?.candidates[0].finishMessage ?? null

const GLOBAL_DISPATCHER = Symbol.for("undici.globalDispatcher.1")

interface Dispatcher {
  dispatch(options: object, handler: unknown): boolean
}

/**
 * Node's `fetch` gives up after 300 s without headers or a piece of the body; the time-outs of a call are set by its
 * caller. The SDK does the same for its own `fetch`, but not for one that it is given.
 */
const UNHURRIED: Dispatcher = {
  dispatch(options, handler) {
    const dispatcher = (globalThis as unknown as Record<symbol, Dispatcher>)[GLOBAL_DISPATCHER] as Dispatcher
    return dispatcher.dispatch({ ...options, headersTimeout: 0, bodyTimeout: 0 }, handler)
  },
}
