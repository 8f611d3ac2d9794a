import { once } from "node:events"
import { createServer, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import type { Endpoint } from "../routes/endpoint.ts"
import { pause } from "../utils/time.ts"
import { createApp } from "./app.ts"
import type { OwnedContext } from "./context.ts"

export interface Listening {
  /** What a client on this machine may call. */
  url: string
  port: number
  close(): Promise<void>
}

/**
 * Serves the app, or `only` some of its rows on another port.
 * @throws the system's error when the port can't be had
 */
export async function listen(
  { ctx, beginToStop }: OwnedContext,
  only?: { rows: readonly Endpoint[]; port: number },
): Promise<Listening> {
  const { host } = ctx.config.http
  const { http, shutdown } = ctx.timing
  const wanted = only?.port ?? ctx.config.http.port
  const server = createServer(
    {
      headersTimeout: http.headersTimeoutMs,
      requestTimeout: http.requestTimeoutMs,
      keepAliveTimeout: http.keepAliveMs,
      connectionsCheckingInterval: http.connectionsCheckMs,
      // Of two Authorization headers Node would take the first, and a proxy that looks at them perhaps the last.
      joinDuplicateHeaders: true,
    },
    createApp(ctx, only?.rows),
  )
  const lastAnswers = closeConnections(server)
  server.listen(wanted, host)
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${isWildcard(host) ? "localhost" : host.includes(":") ? `[${host}]` : host}:${port}`,
    port,
    async close() {
      const closed = new AbortController()
      lastAnswers()
      server.close(() => closed.abort())
      beginToStop()
      server.closeIdleConnections()
      await pause(shutdown.requestsMs, closed.signal)
      server.closeAllConnections()
    },
  }
}

/**
 * Lets every answer from a moment on be the last on its connection, and say so: a client, or a load balancer, that kept
 * the connection would send its next request into the stop.
 * @returns what begins that moment
 */
function closeConnections(server: Server): () => void {
  const open = new Set<ServerResponse>()
  let isStopping = false
  const endAfter = (res: ServerResponse) => res.headersSent || res.setHeader("Connection", "close")
  server.prependListener("request", (_, res) => {
    open.add(res)
    res.once("close", () => open.delete(res))
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
