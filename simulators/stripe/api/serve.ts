import { setTimeout as pause } from "node:timers/promises"
import type { Call } from "../calls.ts"
import type { Reply } from "../idempotency.ts"
import { type Fault, refusalOf } from "../injected-faults.ts"
import { Refused } from "../model/refusals.ts"
import type { State } from "../state.ts"
import { type Asked, carryOut, newRequestId, type Prepared, prepare, refusal } from "./handle.ts"

/** What becomes of a call: an answer, a connection that ends, or nothing at all. */
export type Fate = Reply | "reset" | "timeout"

/**
 * Serves a call of the API with all that goes around it: its key, what was scripted to go wrong, its
 * `Idempotency-Key`. `gone` is aborted when the client leaves.
 */
export async function serveApi(state: State, asked: Asked, call: Call, gone: AbortSignal): Promise<Fate> {
  const requestId = newRequestId()
  try {
    const prepared = prepare(asked, requestId)
    const { key } = prepared
    if (key === null) return await serveWithFault(state, asked, prepared, gone)
    const first = state.idempotency.begin(key, `${asked.method} ${asked.path} ${asked.body}`)
    if (first) return replayed(first)
    return await serveUnderKey(state, asked, prepared, key, gone)
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    return refusal(error, requestId)
  } finally {
    if (call.method !== "GET") state.onChange()
  }
}

async function serveUnderKey(state: State, asked: Asked, prepared: Prepared, key: string, gone: AbortSignal) {
  try {
    return await serveWithFault(state, asked, prepared, gone)
  } finally {
    state.idempotency.release(key)
  }
}

async function serveWithFault(
  state: State,
  asked: Asked,
  prepared: Prepared,
  gone: AbortSignal,
): Promise<Fate> {
  const fault = state.faults.take(asked.method, asked.path)
  if (!fault) return done(state, prepared)
  // Stripe finishes what it has begun, also when the client has given up.
  if (fault.status === "slow") {
    await pause(fault.delayMs)
    return done(state, prepared)
  }
  if (fault.delayMs > 0) await pause(fault.delayMs, undefined, { signal: gone })
  if (fault.when === "after") done(state, prepared)
  if (fault.status === "timeout") await untilAborted(gone)
  if (typeof fault.status === "string") return fault.status
  return failed(fault, prepared)
}

function done(state: State, prepared: Prepared): Reply {
  const reply = carryOut(state, prepared)
  if (prepared.key !== null) state.idempotency.keep(prepared.key, reply)
  return reply
}

function failed(fault: Fault, { requestId, version }: Prepared): Reply {
  const reply = refusal(refusalOf(fault), requestId, version)
  if (fault.shouldRetry !== undefined) reply.headers["stripe-should-retry"] = String(fault.shouldRetry)
  return reply
}

function replayed(first: Reply): Reply {
  return {
    ...first,
    headers: { ...first.headers, "idempotent-replayed": "true", "request-id": newRequestId() },
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }))
}
