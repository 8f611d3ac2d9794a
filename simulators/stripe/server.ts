import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { runAdmin } from "./admin.ts"
import { newRequestId, refusal } from "./api/handle.ts"
import { type Fate, serveApi } from "./api/serve.ts"
import { type Control, createControl } from "./control.ts"
import { invalid, Refused } from "./model/refusals.ts"
import { runDue } from "./model/run-due.ts"
import { isPage, servePage } from "./pages/serve.ts"
import { keepIn } from "./persist.ts"
import { type Endpoint, State } from "./state.ts"

export type { Call } from "./calls.ts"
export type { Delivery } from "./delivery/log.ts"
export type { DeliveryOptions } from "./delivery/settings.ts"
export type { FaultOptions } from "./injected-faults.ts"
export type { CardKind } from "./model/card-kinds.ts"
export type { WireEvent } from "./model/events.ts"
export type { Oracle } from "./model/oracle.ts"
export { PRO_PRICE } from "./model/seed.ts"

/** What becomes due as real time passes is done at least this often. */
const TICK_MS = 1000

const MAX_BODY_BYTES = 1024 * 1024

const UNEXPECTED = { type: "api_error", message: "The simulator has failed: its log says how." } as const

export type StripeSimulatorOptions = {
  port?: number
  host?: string
  /** Where events go. */
  webhook?: Endpoint
  /** A file that the state is kept in across restarts. */
  dataFile?: string
  /** The time it begins at: a date or Unix seconds. */
  startAt?: Date | number
  /** Its time stands still but for `advance`, so that a test knows every second. */
  frozen?: boolean
}

/** A running simulator. */
export type StripeSimulator = Control & { url: string; port: number; close(): Promise<void> }

/**
 * Starts a simulator of the Stripe API on loopback, on a free port unless one is given. `close` also ends
 * connections that are still open and writes what is to be kept. Rejects when it can't listen or can't read
 * its data file.
 */
export async function startStripeSimulator(options: StripeSimulatorOptions = {}): Promise<StripeSimulator> {
  const { port = 0, host = "127.0.0.1", webhook, dataFile, frozen } = options
  const state = new State({ startAt: secondsOf(options.startAt), frozen })
  const kept = dataFile === undefined ? undefined : await keepIn(dataFile, state)
  const control = createControl(state)
  const server = createServer((req, res) => void serve(state, control, req, res))
  // An idle connection closed under a client that is about to reuse it would be a fault nobody asked for.
  server.keepAliveTimeout = 0
  await listen(server, port, host)
  const address = server.address() as AddressInfo
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${address.port}`
  state.account.baseUrl = url
  if (webhook) state.setEndpoint(webhook)
  kept?.resume()
  const ticking = setInterval(() => runDue(state.account), TICK_MS)
  return {
    ...control,
    url,
    port: address.port,
    async close() {
      clearInterval(ticking)
      await closeServer(server)
      await kept?.close()
      state.webhookSender.close()
    },
  }
}

function secondsOf(time: Date | number | undefined): number | undefined {
  return time instanceof Date ? Math.floor(time.getTime() / 1000) : time
}

async function serve(state: State, control: Control, req: IncomingMessage, res: ServerResponse) {
  const gone = new AbortController()
  res.once("close", () => gone.abort())
  try {
    await answer(state, control, req, res, gone.signal)
  } catch (error) {
    // A request that never came whole is a client that left before its connection was seen to close.
    if (!gone.signal.aborted && req.complete) report(error)
    if (res.headersSent || gone.signal.aborted) res.destroy()
    else respond(res, refusal(new Refused(500, UNEXPECTED), newRequestId()))
  }
}

async function answer(
  state: State,
  control: Control,
  req: IncomingMessage,
  res: ServerResponse,
  gone: AbortSignal,
) {
  const url = URL.parse(req.url ?? "/", "http://simulator")
  const path = url?.pathname ?? "/"
  if (path.startsWith("/__admin/")) return answerAdmin(control, req, res, path)
  if (isPage(path)) return respond(res, await servePage(state, req.method ?? "GET", path, await bodyOf(req)))
  const { headers, method = "GET" } = req
  const idempotencyKey = headers["idempotency-key"]?.toString() ?? null
  const call = state.calls.open(method, path, idempotencyKey)
  const body = await bodyOf(req).catch((error: unknown) => refused(error))
  if (typeof body !== "string") return respond(res, body)
  const asked = {
    method,
    path,
    query: url?.search.slice(1) ?? "",
    body,
    authorization: headers.authorization ?? "",
    version: headers["stripe-version"]?.toString() ?? "",
    idempotencyKey,
  }
  const fate = await serveApi(state, asked, call, gone)
  if (typeof fate !== "string") call.status = fate.status
  respond(res, fate)
}

async function answerAdmin(control: Control, req: IncomingMessage, res: ServerResponse, path: string) {
  try {
    const done = await runAdmin(control, req.method ?? "GET", path, await bodyOf(req))
    if (!done)
      throw new Refused(404, { type: "invalid_request_error", message: "There is no such admin route." })
    const body = `${JSON.stringify(done.answer, null, 2)}\n`
    respond(res, { status: 200, headers: { "content-type": "application/json" }, body })
  } catch (error) {
    respond(res, refused(error))
  }
}

function respond(res: ServerResponse, fate: Fate) {
  if (typeof fate === "string") return void res.socket?.destroy()
  res.writeHead(fate.status, {
    server: "stripe-simulator",
    "cache-control": "no-cache, no-store",
    ...fate.headers,
  })
  res.end(fate.body)
}

function refused(error: unknown) {
  if (error instanceof Refused) return refusal(error, newRequestId())
  throw error
}

function report(error: unknown) {
  process.stderr.write(`stripe simulator: ${error instanceof Error ? error.stack : error}\n`)
}

async function bodyOf(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of req) {
    size += chunk.length
    if (size <= MAX_BODY_BYTES) chunks.push(chunk)
  }
  if (size <= MAX_BODY_BYTES) return Buffer.concat(chunks).toString()
  throw invalid("Request body is too large.")
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject)
    server.listen(port, host, () => {
      server.off("error", reject)
      resolve()
    })
  })
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeAllConnections()
  await closed
}
