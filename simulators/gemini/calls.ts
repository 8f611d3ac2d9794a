import type { IncomingMessage } from "node:http"
import type { GenerateRequest } from "./request.ts"
import type { Route } from "./route.ts"

/** The oldest calls are forgotten beyond this many, so that a long-lived simulator doesn't grow. */
const MAX_CALLS = 10_000

/** What is known of one call. `status` is null until headers were sent, `endedAt` (ms) until it is over. */
export type Call = {
  id: number
  method: Route["method"]
  version: string
  model: string
  form: Route["form"]
  prompt: string
  contents: GenerateRequest["contents"]
  request: GenerateRequest | null
  behaviour: string
  client: string
  status: number | null
  chunksSent: number
  aborted: boolean
  startedAt: number
  endedAt: number | null
}

/** The log of calls, newest last. */
export class CallLog {
  #calls: Call[] = []
  #lastId = 0

  get all(): Call[] {
    return this.#calls.map((call) => ({ ...call }))
  }

  open(route: Route, req: IncomingMessage): Call {
    const call: Call = {
      id: ++this.#lastId,
      method: route.method,
      version: route.version,
      model: route.model,
      form: route.form,
      prompt: "",
      contents: [],
      request: null,
      behaviour: "",
      client: String(req.headers["x-goog-api-client"] ?? req.headers["user-agent"] ?? ""),
      status: null,
      chunksSent: 0,
      aborted: false,
      startedAt: Date.now(),
      endedAt: null,
    }
    this.#calls.push(call)
    if (this.#calls.length > MAX_CALLS) this.#calls.shift()
    return call
  }

  clear() {
    this.#calls = []
  }
}
