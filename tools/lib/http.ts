import { createParser } from "eventsource-parser"
import { contract, expectDocumented } from "./contract.ts"

export interface Answer {
  status: number
  headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look into replies of every shape, and a wrong guess fails them
  body: any
}

export interface RequestOptions {
  token?: string
  headers?: Record<string, string>
  signal?: AbortSignal
}

export type Http = ReturnType<typeof createHttp>

/** Creates a client that speaks JSON and gives every answer, also 4xx and 5xx. An answer that isn't documented throws. */
export function createHttp(url: string, defaults: RequestOptions = {}) {
  async function send(
    method: string,
    path: string,
    options?: RequestOptions,
    body?: unknown,
  ): Promise<Answer> {
    const response = await request(url + path, method, { ...defaults, ...options }, body)
    const text = await response.text()
    const json = response.headers.get("content-type")?.includes("json")
    const { status, headers } = response
    const answer = { status, headers, body: json ? JSON.parse(text) : text }
    expectDocumented({ method, path, ...answer })
    return answer
  }
  return {
    get: (path: string, options?: RequestOptions) => send("GET", path, options),
    delete: (path: string, options?: RequestOptions) => send("DELETE", path, options),
    post: (path: string, body?: unknown, options?: RequestOptions) => send("POST", path, options, body),
    patch: (path: string, body?: unknown, options?: RequestOptions) => send("PATCH", path, options, body),
    put: (path: string, body?: unknown, options?: RequestOptions) => send("PUT", path, options, body),
    /** Follows server-sent events until the stream ends or `options.signal` aborts. */
    events: (path: string, options: StreamOptions = {}) => readEvents(url, path, { ...defaults, ...options }),
  }
}

interface StreamOptions extends RequestOptions {
  method?: string
  body?: unknown
}

function request(url: string, method: string, { token, headers, signal }: RequestOptions, body: unknown) {
  const own = {
    ...(token ? { Authorization: `Bearer ${token}` } : {}),
    ...(body === undefined ? {} : { "Content-Type": "application/json" }),
  }
  return fetch(url, { method, signal, headers: { ...own, ...headers }, body: toBody(body) })
}

/** Text and bytes are sent as they are, everything else as JSON. */
function toBody(body: unknown): string | Uint8Array<ArrayBuffer> | undefined {
  if (typeof body === "string" || body instanceof Uint8Array || body === undefined)
    return body as string | undefined
  return JSON.stringify(body)
}

/** A stream that was asked for, and answered with something else. */
export class StreamRefused extends Error {
  readonly status: number

  constructor(status: number, body: string) {
    super(`stream refused: ${status} ${body}`)
    this.status = status
  }
}

export interface ServerEvent {
  event: string
  id: string | undefined
  // biome-ignore lint/suspicious/noExplicitAny: as above
  data: any
}

async function* readEvents(
  url: string,
  path: string,
  { method = "GET", body, ...options }: StreamOptions,
): AsyncGenerator<ServerEvent> {
  const headers = { Accept: "text/event-stream", ...options.headers }
  const response = await request(url + path, method, { ...options, headers }, body)
  if (!response.ok) throw new StreamRefused(response.status, await response.text())
  expectDocumented({ method, path, status: response.status, headers: response.headers, body: "" })
  const ready: ServerEvent[] = []
  const parser = createParser({
    onEvent: ({ event = "message", id, data }) => ready.push({ event, id, data: JSON.parse(data) }),
  })
  const decoder = new TextDecoder()
  for await (const chunk of response.body ?? []) {
    parser.feed(decoder.decode(chunk, { stream: true }))
    for (const event of ready) expectEvent({ method, path }, event)
    yield* ready.splice(0)
  }
}

function expectEvent(request: { method: string; path: string }, { event, data }: ServerEvent): void {
  const faults = contract().checkEvent(request, event, data)
  if (faults.length > 0)
    throw new Error(`Not in the OpenAPI document: ${event} of ${request.path}\n- ${faults.join("\n- ")}`)
}

/** The text that a listener has at the end: deltas joined, started anew at every reset. */
export const joinDeltas = (events: readonly ServerEvent[]): string => join(events, "delta")

/** The summaries of thoughts that a listener has at the end. */
export const joinThoughts = (events: readonly ServerEvent[]): string => join(events, "thought")

function join(events: readonly ServerEvent[], name: string): string {
  let text = ""
  for (const { event, data } of events) {
    if (event === "reset") text = ""
    if (event === name) text += data.text
  }
  return text
}

/** All events of a stream. */
export async function collect(stream: AsyncIterable<ServerEvent>): Promise<ServerEvent[]> {
  const events: ServerEvent[] = []
  for await (const event of stream) events.push(event)
  return events
}
