/** One server-sent event, its data still text. */
export interface RawEvent {
  event: string
  data: string
  id: string | undefined
}

/**
 * Reads `text/event-stream` as the HTML standard has it: https://html.spec.whatwg.org/multipage/server-sent-events.html
 * @param onRetry called with how long the server wants a client to wait before it comes back
 */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
  onRetry: (ms: number) => void = () => undefined,
): AsyncGenerator<RawEvent> {
  const decoder = new TextDecoder()
  const reader = body.getReader()
  let rest = ""
  let fields: Record<string, string> = {}
  try {
    for (;;) {
      const { value, done } = await reader.read()
      if (done) return
      const lines = (rest + decoder.decode(value, { stream: true })).split(/\r\n|\n|\r(?!$)/)
      rest = lines.pop() ?? ""
      for (const line of lines) {
        if (line !== "") addField(fields, line)
        else {
          if (/^\d+$/.test(fields.retry ?? "")) onRetry(Number(fields.retry))
          if (fields.data !== undefined) yield toEvent(fields)
          fields = {}
        }
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

function addField(fields: Record<string, string>, line: string): void {
  const colon = line.indexOf(":")
  if (colon === 0) return // a comment, such as a heartbeat
  const name = colon < 0 ? line : line.slice(0, colon)
  const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "")
  fields[name] = name === "data" && fields.data !== undefined ? `${fields.data}\n${value}` : value
}

const toEvent = ({ event = "message", data = "", id }: Record<string, string>): RawEvent => ({
  event,
  data,
  id,
})
