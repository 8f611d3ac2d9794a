import { setTimeout as pause } from "node:timers/promises"
import { aborted, type Exchange } from "../../shared/server.ts"
import type { Reply } from "../idempotency.ts"
import { type Fault, refusalOf } from "../injected-faults.ts"
import { Refused } from "../model/refusals.ts"
import type { State } from "../state.ts"
import { type ApiRequest, execute, newRequestId, type Prepared, prepare, refusal } from "./execute.ts"

/** What a client gets: an answer, a connection that ends, or nothing at all. */
type Outcome = Reply | "reset" | "timeout"

/** Serves a call of the API with its key, its `Idempotency-Key` and the faults that were injected. */
export async function serveApi(state: State, exchange: Exchange): Promise<Outcome> {
  const { headers } = exchange.req
  const { method, path, url } = exchange
  const idempotencyKey = headers["idempotency-key"]?.toString() ?? null
  const call = state.calls.add({ method, path, idempotencyKey, status: null, at: Date.now() })
  const requestId = newRequestId()
  try {
    const request = {
      method,
      path,
      query: url?.search.slice(1) ?? "",
      body: await exchange.body(),
      authorization: headers.authorization ?? "",
      version: headers["stripe-version"]?.toString() ?? "",
      idempotencyKey,
    }
    const outcome = await serveOnce(state, request, prepare(request, requestId), exchange.closed)
    if (typeof outcome !== "string") call.status = outcome.status
    return outcome
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    call.status = error.status
    return refusal(error, requestId)
  } finally {
    if (method !== "GET") state.onChange()
  }
}

async function serveOnce(state: State, request: ApiRequest, prepared: Prepared, closed: AbortSignal) {
  const { key } = prepared
  if (key === null) return serveWithFault(state, request, prepared, closed)
  const first = state.idempotency.begin(key, `${request.method} ${request.path} ${request.body}`)
  if (first) return replayed(first)
  try {
    return await serveWithFault(state, request, prepared, closed)
  } finally {
    state.idempotency.release(key)
  }
}

async function serveWithFault(
  state: State,
  request: ApiRequest,
  prepared: Prepared,
  closed: AbortSignal,
): Promise<Outcome> {
  const fault = state.faults.take(request)
  if (!fault) return executeAndKeep(state, prepared)
  // Stripe finishes what it has begun, also when the client has given up.
  if (fault.status === "slow") {
    await pause(fault.delayMs)
    return executeAndKeep(state, prepared)
  }
  if (fault.delayMs > 0) await pause(fault.delayMs, undefined, { signal: closed })
  if (fault.when === "after") executeAndKeep(state, prepared)
  if (fault.status === "timeout") await aborted(closed)
  return typeof fault.status === "string" ? fault.status : failed(fault, prepared)
}

function executeAndKeep(state: State, prepared: Prepared): Reply {
  const reply = execute(state, prepared)
  if (prepared.key !== null) state.idempotency.keep(prepared.key, reply)
  return reply
}

function failed(fault: Fault, { requestId, version }: Prepared): Reply {
  const reply = refusal(refusalOf(fault), requestId, version)
  if (fault.shouldRetry !== undefined) reply.headers["stripe-should-retry"] = String(fault.shouldRetry)
  return reply
}

function replayed(first: Reply): Reply {
  const headers = { ...first.headers, "idempotent-replayed": "true", "request-id": newRequestId() }
  return { ...first, headers }
}
