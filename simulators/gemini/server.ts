import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { planAdmin } from "./admin.ts"
import { planCall } from "./api.ts"
import type { Call } from "./calls.ts"
import { invalidArgument, Refused } from "./errors.ts"
import { type Progress, perform } from "./perform.ts"
import { type Plan, planFailure, planPage } from "./plan.ts"
import { routeOf } from "./route.ts"
import type { ReplayEntry, ScriptEntry } from "./script.ts"
import { State } from "./state.ts"

export type { Call } from "./calls.ts"
export type { ReplayEntry, ScriptEntry } from "./script.ts"

/** The pace of the development server, about that of a flash model. */
export const DEFAULT_CHUNK_DELAY_MS = 30

/** https://ai.google.dev/gemini-api/docs/file-input-methods: inline data counts up to 100 MB. */
const MAX_BODY_BYTES = 100 * 1024 * 1024

export type GeminiSimulatorOptions = { port?: number; host?: string; chunkDelayMs?: number }

/** A running simulator. `script` takes entries, or the inside of a directive for the next generate call. */
export type GeminiSimulator = {
  url: string
  port: number
  calls(): Call[]
  script(...entries: Array<ScriptEntry | string>): void
  replay(entry: ReplayEntry): void
  reset(): void
  close(): Promise<void>
}

/**
 * Starts a simulator of the Gemini API on loopback, on a free port unless one is given. `close` also ends
 * connections that are still open. Rejects when it can't listen.
 */
export async function startGeminiSimulator(options: GeminiSimulatorOptions = {}): Promise<GeminiSimulator> {
  const { port = 0, host = "127.0.0.1", chunkDelayMs = DEFAULT_CHUNK_DELAY_MS } = options
  const state = new State(chunkDelayMs)
  const server = createServer((req, res) => void serve(state, req, res))
  // An idle connection closed under a client that is about to reuse it would be a fault nobody asked for.
  server.keepAliveTimeout = 0
  await listen(server, port, host)
  const address = server.address() as AddressInfo
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${address.port}`,
    port: address.port,
    calls: () => state.calls.all,
    script: (...entries) =>
      state.script.add(entries.map((entry) => (typeof entry === "string" ? { directive: entry } : entry))),
    replay: (entry) => state.script.addReplay(entry),
    reset: () => state.reset(),
    close: () => close(state, server),
  }
}

async function serve(state: State, req: IncomingMessage, res: ServerResponse) {
  const url = URL.parse(req.url ?? "/", "http://simulator")
  const verb = req.method ?? "GET"
  if (url?.pathname.startsWith("/__admin/")) {
    return answer(state, res, async () => planAdmin(state, verb, url.pathname, await bodyOf(req)))
  }
  const route = url && routeOf(verb, url, req.headers["x-goog-api-key"]?.toString())
  if (!route) return answer(state, res, async () => planPage(404, "Not Found"))
  const call = state.calls.open(route, req)
  return answer(state, res, async () => planCall(state, route, await bodyOf(req), call), call)
}

async function answer(state: State, res: ServerResponse, plan: () => Promise<Plan>, call?: Call) {
  const gone = watchClient(state, res, call)
  try {
    await perform(await planned(plan), res, gone, progressOf(call))
  } catch (error) {
    // A request that never came whole is a client that left before its connection was seen to close.
    if (!gone.aborted && res.req.complete) report(error)
    res.destroy()
  }
}

async function planned(plan: () => Promise<Plan>): Promise<Plan> {
  try {
    return await plan()
  } catch (error) {
    if (error instanceof Refused) return planFailure(error.failure)
    throw error
  }
}

/** A response that closes before its call is over was left by the client. */
function watchClient(state: State, res: ServerResponse, call?: Call): AbortSignal {
  const gone = new AbortController()
  res.once("close", () => {
    if (call && call.endedAt === null) {
      Object.assign(call, { aborted: !res.writableFinished && !state.closing, endedAt: Date.now() })
    }
    gone.abort()
  })
  return gone.signal
}

function report(error: unknown) {
  process.stderr.write(`gemini simulator: ${error instanceof Error ? error.stack : error}\n`)
}

function progressOf(call?: Call): Progress {
  return {
    onStatus(status) {
      if (call) call.status = status
    },
    onWrite() {
      if (call) call.chunksSent += 1
    },
    onEnd() {
      if (call) call.endedAt = Date.now()
    },
  }
}

async function bodyOf(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of req) {
    size += chunk.length
    if (size <= MAX_BODY_BYTES) chunks.push(chunk)
  }
  if (size <= MAX_BODY_BYTES) return Buffer.concat(chunks).toString()
  throw new Refused(invalidArgument(`Request payload size exceeds the limit: ${MAX_BODY_BYTES} bytes.`))
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

async function close(state: State, server: Server): Promise<void> {
  state.closing = true
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeAllConnections()
  await closed
}
