import type { GenerateContentResponse } from "@google/genai"
import { AttemptFailed } from "./failures.ts"
import { findError, toFailure } from "./read-error.ts"

/** One call's answer, which is read here and not by the SDK. */
export interface Wire {
  /** For the SDK's `httpOptions.fetch`. */
  fetch: typeof fetch
  /**
   * Yields the reply's chunks, as the provider sends them, once `fetch` has resolved.
   * @throws {AttemptFailed} for an error of the provider, and where the answer ends in the middle of a chunk
   */
  chunks(): AsyncGenerator<GenerateContentResponse>
  /** The events ended as they should: `data: [DONE]`, which some gateways send. */
  readonly isDone: boolean
  /** The stream ended, or rests, in the middle of an event. */
  readonly isPartial: boolean
}

/** What the events have shown so far. */
interface Seen {
  isDone: boolean
  isPartial: boolean
}

/**
 * Creates a `fetch` that keeps one call's answer to itself. The SDK makes the request, but of the answer it encodes error
 * bodies by their content type, drops events that don't begin with `data:`, an error object without that among them,
 * parses `[DONE]` as JSON, leaves fields out, and parses every chunk twice. An error of the provider in any framing is
 * thrown as `AttemptFailed` here.
 */
export function createWire(): Wire {
  const state: Seen = { isDone: false, isPartial: false }
  let body: ReadableStream<Uint8Array> | null = null
  return {
    async fetch(url, init) {
      const response = await fetch(url, { ...init, dispatcher: UNHURRIED } as RequestInit)
      if (!response.ok) throw toFailure(response.status, findError(await readBody(response)))
      body = response.body
      return new Response(null, { status: response.status })
    },
    async *chunks() {
      if (body) yield* readChunks(body, state)
    },
    get isDone() {
      return state.isDone
    },
    get isPartial() {
      return state.isPartial
    },
  }
}

/** Longer ones aren't errors, and one is parsed whenever more of it arrives. */
const MAX_BARE_LENGTH = 64 * 1024

/** A status says enough if its body can't be read. */
const readBody = (response: Response) => response.text().catch(() => "")

async function* readChunks(
  body: ReadableStream<Uint8Array>,
  state: Seen,
): AsyncGenerator<GenerateContentResponse> {
  const decoder = new TextDecoder()
  let rest = ""
  for await (const bytes of body) {
    const events = (rest + decoder.decode(bytes, { stream: true })).split(/\r\n\r\n|\n\n|\r\r/)
    rest = events.pop() ?? ""
    for (const event of events) {
      const data = readEvent(event)
      if (data === DONE) state.isDone = true
      else if (data !== null) yield toChunk(data)
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
  if (state.isPartial) throw brokenOff()
}

/** @throws {AttemptFailed} for what isn't JSON */
function toChunk(data: string): GenerateContentResponse {
  try {
    const chunk: unknown = JSON.parse(data)
    return (typeof chunk === "object" && chunk !== null ? chunk : {}) as GenerateContentResponse
  } catch {
    throw brokenOff()
  }
}

const brokenOff = () => new AttemptFailed("interrupted", "the stream ended in the middle of a chunk")

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
