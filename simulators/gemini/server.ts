import { adminApi } from "../shared/admin.ts"
import { type Exchange, type ListenOptions, startServer } from "../shared/server.ts"
import { adminRoutes } from "./admin.ts"
import { planCall } from "./api.ts"
import { type Call, newCall } from "./calls.ts"
import { invalid } from "./errors.ts"
import { serveFiles } from "./files.ts"
import { perform } from "./perform.ts"
import { planPage } from "./plan.ts"
import { routeOf } from "./route.ts"
import type { ReplayEntry, ScriptEntry } from "./script.ts"
import { State } from "./state.ts"

export type { Call } from "./calls.ts"
export type { ReplayEntry, ScriptEntry } from "./script.ts"

/** The pace of the development server, about that of a flash model. */
export const DEFAULT_CHUNK_DELAY_MS = 30

/** https://ai.google.dev/gemini-api/docs/file-input-methods: inline data counts up to 100 MB. */
const MAX_BODY_BYTES = 100 * 1024 * 1024

export type GeminiSimulatorOptions = ListenOptions & {
  chunkDelayMs?: number
  /** How many of the newest calls stay in the log. */
  keptCalls?: number
}

/** A running simulator. */
export type GeminiSimulator = Awaited<ReturnType<typeof startGeminiSimulator>>

/**
 * Starts a simulator of the Gemini API on loopback, on a free port unless one is given. `close` also ends
 * connections that are still open. Rejects when it can't listen.
 */
export async function startGeminiSimulator(options: GeminiSimulatorOptions = {}) {
  const { chunkDelayMs = DEFAULT_CHUNK_DELAY_MS, keptCalls, ...listen } = options
  const state = new State({ chunkDelayMs, keptCalls })
  const server = await startServer({
    ...listen,
    name: "Gemini",
    serve: (exchange) => serve(state, exchange),
    admin: adminApi(adminRoutes(state)),
    maxBodyBytes: MAX_BODY_BYTES,
    tooLarge: (maxBytes) => invalid(`Request payload size exceeds the limit: ${maxBytes} bytes.`),
  })
  return {
    ...server,
    calls: (): Call[] => state.calls.all,
    /** What the calls so far are billed for, by model. */
    books: () => state.books.all,
    /** Queues entries, or the inside of a directive for the next generate call. */
    script(...entries: Array<ScriptEntry | string>): void {
      state.script.add(entries.map((entry) => (typeof entry === "string" ? { directive: entry } : entry)))
    },
    /** Lets the streams of all calls so far that stall go on with their replies. */
    release: () => state.release(),
    replay: (entry: ReplayEntry) => state.script.addReplay(entry),
    /** The Files API: what is there, and what the next uploads meet. */
    files: state.files,
    reset: () => state.reset(),
    close() {
      state.closing = true
      return server.close()
    },
  }
}

async function serve(state: State, exchange: Exchange) {
  if (await serveFiles(state, exchange)) return
  const { req, res, method, url, closed, body } = exchange
  const route = url && routeOf(method, url, req.headers["x-goog-api-key"]?.toString())
  if (!route) return perform(planPage(404, "Not Found"), res, closed)
  const call = state.calls.add(newCall(state.nextCallId(), route, req))
  closed.addEventListener("abort", () => {
    // A response that closes before its call is over was left by the client.
    if (call.endedAt !== null) return
    Object.assign(call, { aborted: !res.writableFinished && !state.closing, endedAt: Date.now() })
  })
  const { released } = state
  const plan = await planCall(state, route, body, call)
  await perform(plan, res, closed, call, (frame) => state.books.enter(call, frame), released)
}
