import { AsyncLocalStorage } from "node:async_hooks"
import { Unavailable } from "../../utils/errors.ts"
import { withTimeout } from "../../utils/with-timeout.ts"
import { stripeSdk } from "./stripe-sdk.ts"

/** The time, by `performance.now()`, until when the work that is running may call Stripe. */
const deadlines = new AsyncLocalStorage<number>()

/**
 * Runs calls to Stripe that a request waits for, all within `ms`, however many calls and retries that are. What is left
 * of the work ends soon afterwards: the call in flight is cut off, and further ones fail.
 * @throws {Unavailable} for any Stripe error and after `ms`: the client can't fix it, and the log has the cause
 */
export async function withinDeadline<T>(ms: number, calls: () => Promise<T>): Promise<T> {
  const work = deadlines.run(performance.now() + ms, calls)
  try {
    return await withTimeout(ms, work)
  } catch (error) {
    if (error instanceof stripeSdk().errors.StripeError || isTimeout(error)) throw new Unavailable(error)
    throw error
  }
}

/** Limits a call to the time that is left until its work's deadline. @returns 0 when there is none left */
export function limitToDeadline(timeoutMs: number): number {
  const deadline = deadlines.getStore()
  return deadline === undefined ? timeoutMs : Math.max(0, Math.min(timeoutMs, deadline - performance.now()))
}

function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === "TimeoutError"
}
