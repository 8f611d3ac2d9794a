import { once } from "node:events"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import type { UploadTimeout } from "../config/timing.ts"
import type { Endpoint } from "../routes/endpoint.ts"
import { rows as allRows } from "../routes/index.ts"
import { Slots } from "../utils/slots.ts"
import { pause } from "../utils/time.ts"
import { createApp } from "./app.ts"
import type { OwnedContext } from "./context.ts"
import { cutOffSlowBodies, longestRequestMs } from "./slow-bodies.ts"
import { cutOffSlowReaders } from "./slow-readers.ts"

export interface Listening {
  /** The base URL for clients on this machine. */
  url: string
  port: number
  close(): Promise<void>
}

/**
 * Serves the app, or with `only` some of its endpoints on another port.
 * @throws the system's error if the port can't be opened
 */
export async function listen(
  { ctx, beginShutdown }: OwnedContext,
  only?: { rows: readonly Endpoint[]; port: number },
): Promise<Listening> {
  const { host } = ctx.config.http
  const { http, shutdown } = ctx.timing
  const wanted = only?.port ?? ctx.config.http.port
  const server = createServer(
    {
      headersTimeout: http.headersTimeoutMs,
      requestTimeout: longestRequestMs(http),
      keepAliveTimeout: http.keepAliveMs,
      connectionsCheckingInterval: http.connectionsCheckMs,
      // Given two Authorization headers, Node would use the first and a proxy perhaps the last.
      joinDuplicateHeaders: true,
    },
    createApp(ctx, only?.rows),
  )
  server.maxConnections = ctx.config.http.maxConnections
  const open = trackResponses(server)
  cutOffSlowBodies(server, uploadTimeouts(only?.rows ?? allRows), http)
  cutOffSlowReaders(server, open, http)
  const closeConnections = prepareToClose(server, open)
  server.listen(wanted, host)
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${isWildcard(host) ? "localhost" : host.includes(":") ? `[${host}]` : host}:${port}`,
    port,
    async close() {
      const closed = new AbortController()
      closeConnections()
      server.close(() => closed.abort())
      beginShutdown()
      server.closeIdleConnections()
      await pause(shutdown.requestsMs, closed.signal)
      server.closeAllConnections()
    },
  }
}

/** Tells how long an upload of a file may take: of rows that say so, in the forms of a path that Express takes. */
function uploadTimeouts(rows: readonly Endpoint[]): (req: IncomingMessage) => UploadTimeout | null {
  const timeouts = new Map(rows.flatMap(({ path, upload }) => (upload ? [[path, upload.timeout]] : [])))
  return ({ method, url = "" }) => {
    if (method !== "POST") return null
    return timeouts.get(url.replace(/\/?(?:\?.*)?$/s, "").toLowerCase()) ?? null
  }
}

/** Returns the responses that are to come or on their way. */
function trackResponses(server: Server): Iterable<ServerResponse> {
  const open = new Slots<ServerResponse>()
  server.prependListener("request", (_, res) => {
    res.once("close", open.add(res))
  })
  return open
}

/**
 * Returns a function that makes every further response the last on its connection, with `Connection: close`. A client
 * or load balancer that reused the connection would send its next request to a server that is shutting down.
 */
function prepareToClose(server: Server, open: Iterable<ServerResponse>): () => void {
  let isStopping = false
  const endAfter = (res: ServerResponse) => res.headersSent || res.setHeader("Connection", "close")
  server.prependListener("request", (_, res) => {
    if (isStopping) endAfter(res)
  })
  return () => {
    isStopping = true
    for (const res of open) endAfter(res)
  }
}

function isWildcard(host: string): boolean {
  return host === "0.0.0.0" || host === "::" || host === "127.0.0.1"
}
