import { once } from "node:events"
import { request } from "node:http"
import { connect, type Socket } from "node:net"
import { text as readText } from "node:stream/consumers"
import { expectDocumented } from "../../../tools/lib/contract.ts"

export interface RawAnswer {
  status: number
  headers: Record<string, string | string[] | undefined>
  text: string
}

/** Attacks, too, are answered as the document says. What Node refuses by itself has no request id, and no document. */
function expectInDocument(
  method: string,
  url: string,
  { status, headers, text }: { status: number; headers: Headers; text: string },
): void {
  if (!headers.has("x-request-id")) return
  const isJson = headers.get("content-type")?.includes("json") && text !== ""
  const body = isJson ? JSON.parse(text) : text
  expectDocumented({ method, path: new URL(url).pathname, status, headers, body })
}

/** One request by `fetch`. Of an event stream the head is answer enough: it is closed unread. */
export async function requestHead(url: string, init: RequestInit = {}) {
  const stop = new AbortController()
  const response = await fetch(url, { redirect: "manual", ...init, signal: stop.signal })
  const { status, headers } = response
  const isStream = headers.get("content-type")?.startsWith("text/event-stream")
  const answer = { status, headers, text: isStream ? "" : await response.text() }
  if (isStream) stop.abort()
  expectInDocument(init.method ?? "GET", url, answer)
  return answer
}

export const bearer = (token: string): [string, string] => ["Authorization", `Bearer ${token}`]

/** One request whose headers are sent as they stand: repeated, in this order. `fetch` would join them. */
export async function requestRaw(
  url: string,
  {
    method = "GET",
    headers = [],
    body,
  }: { method?: string; headers?: [string, string][]; body?: string } = {},
): Promise<RawAnswer> {
  const length: [string, string][] =
    body === undefined ? [] : [["Content-Length", `${Buffer.byteLength(body)}`]]
  const all: [string, string][] = [["Host", new URL(url).host], ...headers, ...length]
  const sent = request(url, { method, headers: all.flat(), agent: false })
  sent.end(body)
  const [response] = await once(sent, "response")
  const answer = { status: response.statusCode, headers: response.headers, text: await readText(response) }
  const known = Object.entries(answer.headers as RawAnswer["headers"]).map(([name, value]) => [
    name,
    `${value}`,
  ])
  expectInDocument(method, url, { ...answer, headers: new Headers(known as [string, string][]) })
  return answer
}

/** A connection that says what it is told to, and everything that came back. */
export interface Conversation {
  socket: Socket
  said(): string
  /** Resolves when the server has ended the connection. */
  closed: Promise<void>
}

export function converse(url: string): Conversation {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  let heard = ""
  socket.setEncoding("latin1")
  socket.on("data", (chunk) => {
    heard += chunk
  })
  // A server that closes while we still write resets the connection.
  socket.on("error", () => undefined)
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()))
  return { socket, said: () => heard, closed }
}

/** Says `bytes` and gives everything that came back until the server closed. */
export async function say(url: string, bytes: string | Buffer): Promise<string> {
  const { socket, said, closed } = converse(url)
  socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes)
  await closed
  return said()
}

/** The status lines in what came back. */
export const statusesIn = (text: string): number[] =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))
