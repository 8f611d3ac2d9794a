import { createParser } from "eventsource-parser"

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

/** A client that speaks JSON and gives every answer, also 4xx and 5xx. */
export function createHttp(url: string) {
  const send = (method: string, withBody: boolean) => {
    return async (path: string, bodyOrOptions?: unknown, maybeOptions?: RequestOptions): Promise<Answer> => {
      const options = ((withBody ? maybeOptions : bodyOrOptions) ?? {}) as RequestOptions
      const response = await fetch(url + path, {
        method,
        signal: options.signal,
        headers: {
          ...(options.token ? { Authorization: `Bearer ${options.token}` } : {}),
          ...(withBody && bodyOrOptions !== undefined ? { "Content-Type": "application/json" } : {}),
          ...options.headers,
        },
        body: withBody ? toBody(bodyOrOptions) : undefined,
      })
      const text = await response.text()
      const json = response.headers.get("content-type")?.includes("json")
      return { status: response.status, headers: response.headers, body: json ? JSON.parse(text) : text }
    }
  }
  type WithBody = (path: string, body?: unknown, options?: RequestOptions) => Promise<Answer>
  type WithoutBody = (path: string, options?: RequestOptions) => Promise<Answer>
  return {
    get: send("GET", false) as WithoutBody,
    delete: send("DELETE", false) as WithoutBody,
    post: send("POST", true) as WithBody,
    patch: send("PATCH", true) as WithBody,
    put: send("PUT", true) as WithBody,
    /** Follows server-sent events until the stream ends or `options.signal` aborts. */
    events: (path: string, options: RequestOptions & { method?: string; body?: unknown } = {}) =>
      readEvents(url + path, options),
  }
}

/** Text and bytes are sent as they are, everything else as JSON. */
function toBody(body: unknown): string | Uint8Array<ArrayBuffer> | undefined {
  if (typeof body === "string" || body instanceof Uint8Array || body === undefined)
    return body as string | undefined
  return JSON.stringify(body)
}

export interface ServerEvent {
  event: string
  id: string | undefined
  // biome-ignore lint/suspicious/noExplicitAny: as above
  data: any
}

async function* readEvents(
  url: string,
  { token, headers, signal, method = "GET", body }: RequestOptions & { method?: string; body?: unknown },
): AsyncGenerator<ServerEvent> {
  const response = await fetch(url, {
    method,
    signal,
    headers: {
      Accept: "text/event-stream",
      ...(token ? { Authorization: `Bearer ${token}` } : {}),
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      ...headers,
    },
    body: toBody(body),
  })
  if (!response.ok) throw new Error(`stream refused: ${response.status} ${await response.text()}`)
  const ready: ServerEvent[] = []
  const parser = createParser({
    onEvent: ({ event = "message", id, data }) => ready.push({ event, id, data: JSON.parse(data) }),
  })
  const decoder = new TextDecoder()
  for await (const chunk of response.body ?? []) {
    parser.feed(decoder.decode(chunk, { stream: true }))
    yield* ready.splice(0)
  }
}

/** The text that a listener has at the end: deltas joined, started anew at every reset. */
export function joinDeltas(events: readonly ServerEvent[]): string {
  let text = ""
  for (const { event, data } of events) {
    if (event === "reset") text = ""
    if (event === "delta") text += data.text
  }
  return text
}

/** All events of a stream. */
export async function collect(stream: AsyncIterable<ServerEvent>): Promise<ServerEvent[]> {
  const events: ServerEvent[] = []
  for await (const event of stream) events.push(event)
  return events
}
