import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { ADMIN_PREFIX, type AdminApi } from "./admin.ts"

/** Where a simulator listens: on loopback and a free port unless told otherwise. */
export type ListenOptions = { port?: number; host?: string }

/** One request and its response. */
export type Exchange = {
  req: IncomingMessage
  res: ServerResponse
  method: string
  /** null for a target that isn't a URL. */
  url: URL | null
  path: string
  /** Aborted when the response is complete or the client has left. */
  closed: AbortSignal
  /** Reads the body as text. Throws what `tooLarge` makes. */
  body(): Promise<string>
}

type Service = ListenOptions & {
  /** For error messages. */
  name: string
  /** Serves a request. What it throws is reported as a defect of the simulator. */
  serve(exchange: Exchange): Promise<void>
  /** Control of the simulator under `/__admin/`, without a key: it listens on loopback. */
  admin?: AdminApi
  maxBodyBytes?: number
  tooLarge?(maxBytes: number): Error
}

/**
 * Starts a simulator's HTTP server. `close` also ends connections that are still open. Rejects when it can't
 * listen.
 */
export async function startServer(service: Service) {
  const { port = 0, host = "127.0.0.1" } = service
  const server = createServer((req, res) => void handle(service, req, res))
  // An idle connection closed just as a client reuses it would be a fault that no test asked for.
  server.keepAliveTimeout = 0
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen(port, host, () => resolve(void server.off("error", reject)))
  })
  const address = server.address() as AddressInfo
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${address.port}`,
    port: address.port,
    async close(): Promise<void> {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

/** Resolves when a signal is aborted, so at once if it already is. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }))
}

async function handle(service: Service, req: IncomingMessage, res: ServerResponse) {
  const closing = new AbortController()
  res.once("close", () => closing.abort())
  const { method = "GET" } = req
  const url = URL.parse(req.url ?? "/", "http://simulator")
  const path = url?.pathname ?? "/"
  const exchange = { req, res, method, url, path, closed: closing.signal, body: () => readBody(service, req) }
  try {
    if (service.admin && path.startsWith(ADMIN_PREFIX)) {
      const { status, body } = await service.admin(method, path, exchange.body)
      res.writeHead(status, { "content-type": "application/json" }).end(`${JSON.stringify(body, null, 2)}\n`)
    } else await service.serve(exchange)
  } catch (error) {
    // A request that never came whole is a client that left before its connection was seen to close.
    if (closing.signal.aborted || !req.complete) return void res.destroy()
    process.stderr.write(`${service.name} simulator: ${error instanceof Error ? error.stack : error}\n`)
    if (res.headersSent) return void res.destroy()
    const message = "The simulator has failed: its log says how."
    res.writeHead(500, { "content-type": "application/json" }).end(JSON.stringify({ error: { message } }))
  }
}

async function readBody({ maxBodyBytes = Infinity, tooLarge = bodyTooLarge }: Service, req: IncomingMessage) {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of req) {
    size += chunk.length
    if (size <= maxBodyBytes) chunks.push(chunk)
  }
  if (size > maxBodyBytes) throw tooLarge(maxBodyBytes)
  return Buffer.concat(chunks).toString()
}

function bodyTooLarge(maxBytes: number): Error {
  return new Error(`The body is longer than ${maxBytes} bytes.`)
}
