import { setRecent } from "../shared/recent.ts"
import { Refused } from "./model/refusals.ts"

/** The answer to a call, before it is put on the wire. */
export type Reply = { status: number; headers: Record<string, string>; body: string }

type Kept = { fingerprint: string; reply: Reply | null }

/** The answers to calls with an `Idempotency-Key`: https://docs.stripe.com/api/idempotent_requests */
export class Idempotency {
  #kept = new Map<string, Kept>()

  /**
   * Begins a call under a key. Returns the first call's answer if there was one. Refuses a key that is in use
   * at this moment (409), or that came with another request before (400).
   */
  begin(key: string, fingerprint: string): Reply | undefined {
    const kept = this.#kept.get(key)
    if (kept && kept.fingerprint !== fingerprint) throw otherRequest(key)
    if (kept?.reply) return kept.reply
    if (kept) throw inUse(key)
    setRecent(this.#kept, key, { fingerprint, reply: null })
    return undefined
  }

  /** Keeps the answer of a call. */
  keep(key: string, reply: Reply) {
    const kept = this.#kept.get(key)
    if (kept) kept.reply = reply
  }

  /** Frees the key of a call that came to nothing. */
  release(key: string) {
    if (this.#kept.get(key)?.reply === null) this.#kept.delete(key)
  }

  dump(): Array<[string, Kept]> {
    return [...this.#kept].filter(([, kept]) => kept.reply !== null)
  }

  load(kept: Array<[string, Kept]>) {
    this.#kept = new Map(kept)
  }
}

function otherRequest(key: string): Refused {
  return new Refused(400, {
    type: "idempotency_error",
    message: `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
  })
}

function inUse(key: string): Refused {
  return new Refused(409, {
    type: "invalid_request_error",
    code: "idempotency_key_in_use",
    message: `There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, and the other request is still going through): ${key}. Please try again later.`,
  })
}
