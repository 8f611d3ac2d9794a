import { setTimeout as pause } from "node:timers/promises"
import { aborted, type Exchange } from "../../shared/server.ts"
import type { Reply } from "../idempotency.ts"
import { type Fault, refusalOf } from "../injected-faults.ts"
import { Refused } from "../model/refusals.ts"
import type { State } from "../state.ts"
import { execute, newRequestId, type Prepared, prepare, refusal } from "./execute.ts"

/** What a client gets: an answer, a connection that ends, or nothing at all. */
type Outcome = Reply | "reset" | "timeout"

/** Serves a call of the API with its key, its `Idempotency-Key` and the faults that were injected. */
export async function serveApi(state: State, exchange: Exchange): Promise<Outcome> {
  const { req, method, path, url } = exchange
  const idempotencyKey = req.headers["idempotency-key"]?.toString() ?? null
  const call = state.calls.add({
    method,
    path,
    query: url?.search ?? "",
    idempotencyKey,
    status: null,
    at: Date.now(),
  })
  const requestId = newRequestId()
  try {
    const body = await exchange.body()
    const prepared = prepare(exchange, body, requestId)
    const outcome = await serveOnce(state, exchange, prepared, `${method} ${path} ${body}`)
    if (typeof outcome !== "string") call.status = outcome.status
    return outcome
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    call.status = error.status
    return refusal(error, { requestId })
  } finally {
    if (method !== "GET") state.onChange()
  }
}

async function serveOnce(state: State, exchange: Exchange, prepared: Prepared, fingerprint: string) {
  const { key } = prepared.meta
  if (key === null) return serveWithFault(state, exchange, prepared)
  const first = state.idempotency.begin(key, fingerprint)
  if (first) return replayed(first)
  try {
    return await serveWithFault(state, exchange, prepared)
  } finally {
    state.idempotency.release(key)
  }
}

async function serveWithFault(
  state: State,
  { method, path, closed }: Exchange,
  prepared: Prepared,
): Promise<Outcome> {
  const fault = state.faults.take({ method, path })
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
  if (prepared.meta.key !== null) state.idempotency.keep(prepared.meta.key, reply)
  return reply
}

function failed(fault: Fault, { meta }: Prepared): Reply {
  const reply = refusal(refusalOf(fault), { ...meta, key: null })
  if (fault.shouldRetry !== undefined) reply.headers["stripe-should-retry"] = String(fault.shouldRetry)
  return reply
}

function replayed(first: Reply): Reply {
  const headers = { ...first.headers, "idempotent-replayed": "true", "request-id": newRequestId() }
  return { ...first, headers }
}
