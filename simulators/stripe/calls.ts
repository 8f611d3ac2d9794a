/** The oldest calls are forgotten beyond this many, so that a long-lived simulator doesn't grow. */
const MAX_CALLS = 10_000

/** What is known of one call of the API. `status` is null until it is answered, and stays so if it never is. */
export type Call = {
  method: string
  path: string
  idempotencyKey: string | null
  status: number | null
  /** Real time, ms. */
  at: number
}

/** The log of calls, newest last. */
export class CallLog {
  #calls: Call[] = []

  get all(): Call[] {
    return this.#calls.map((call) => ({ ...call }))
  }

  open(method: string, path: string, idempotencyKey: string | null): Call {
    const call: Call = { method, path, idempotencyKey, status: null, at: Date.now() }
    this.#calls.push(call)
    if (this.#calls.length > MAX_CALLS) this.#calls.shift()
    return call
  }

  clear() {
    this.#calls = []
  }
}
