import { once } from "node:events"
import { Agent, type IncomingMessage, request } from "node:http"
import { SECOND } from "../../src/utils/time.ts"

/** What is sent, to the byte. */
export interface Call {
  method: string
  /** With its query; it need not be a good URL. */
  path: string
  headers: Record<string, string>
  body?: string
}

export interface Answer {
  status: number
  headers: Headers
  text: string
}

/** Streams that have no end are read for this long. */
const STREAM_MS = 150
const ANSWER_WITHIN_MS = 30 * SECOND

/** Sends requests that no URL parser has touched. */
export function createCaller(url: string) {
  const { hostname, port } = new URL(url)
  const agent = new Agent({ keepAlive: true, maxSockets: 32 })
  return {
    close: () => agent.destroy(),
    /** @throws {TypeError} when Node refuses to send it; other errors when there is no answer */
    async send({ method, path, headers, body }: Call): Promise<Answer> {
      const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) }
      const signal = AbortSignal.timeout(ANSWER_WITHIN_MS)
      const call = { method, path, headers: { ...headers, ...length } }
      const sent = request({ agent, hostname, port, signal, ...call })
      sent.on("error", () => undefined) // after the response, its reader is told
      sent.end(body)
      const [response] = (await once(sent, "response")) as [IncomingMessage]
      const isStream = response.headers["content-type"]?.startsWith("text/event-stream")
      if (isStream) setTimeout(() => response.destroy(), STREAM_MS)
      const chunks: Buffer[] = []
      try {
        for await (const chunk of response) chunks.push(chunk)
      } catch (error) {
        if (!isStream) throw error
      }
      const text = Buffer.concat(chunks).toString("utf8")
      return { status: response.statusCode ?? 0, headers: toHeaders(response.headersDistinct), text }
    },
  }
}

function toHeaders(distinct: NodeJS.Dict<string[]>): Headers {
  const entries = Object.entries(distinct)
  return new Headers(
    entries.flatMap(([name, values = []]) => values.map((value): [string, string] => [name, value])),
  )
}
