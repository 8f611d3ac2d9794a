import { Agent, request } from "node:http"
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
    send({ method, path, headers, body }: Call): Promise<Answer> {
      return new Promise((resolve, reject) => {
        const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) }
        const sent = request({ agent, hostname, port, method, path, headers: { ...headers, ...length } })
        const timer = setTimeout(() => sent.destroy(new Error("no answer in time")), ANSWER_WITHIN_MS)
        const fail = (error: Error) => {
          clearTimeout(timer)
          reject(error)
        }
        sent.once("error", fail)
        sent.once("response", (response) => {
          const chunks: Buffer[] = []
          const finish = () => {
            clearTimeout(timer)
            const text = Buffer.concat(chunks).toString("utf8")
            resolve({ status: response.statusCode ?? 0, headers: toHeaders(response.headersDistinct), text })
          }
          const isStream = response.headers["content-type"]?.startsWith("text/event-stream")
          if (isStream) setTimeout(() => response.destroy(), STREAM_MS)
          response.on("data", (chunk: Buffer) => chunks.push(chunk))
          response.once("end", finish)
          response.once("error", (error) => (isStream ? finish() : fail(error)))
          response.once("close", () =>
            response.complete || isStream ? finish() : fail(new Error("broke off")),
          )
        })
        sent.end(body)
      })
    },
  }
}

function toHeaders(distinct: NodeJS.Dict<string[]>): Headers {
  return new Headers(
    Object.entries(distinct).flatMap(([name, values]) =>
      (values ?? []).map((value): [string, string] => [name, value]),
    ),
  )
}
