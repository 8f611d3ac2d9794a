import { SECOND } from "../../utils/time.ts"

/** Overloads in a row after which a model is left alone. */
const THRESHOLD = 5
const FIRST_REST_MS = 2 * SECOND
const LONGEST_REST_MS = 30 * SECOND

/**
 * Keeps a worker from calling a model that has just said that it is overloaded, or said nothing, again and again. After a rest one
 * call goes through to see; the others wait for what it brings.
 */
export interface Breaker {
  /** Whether to call the model now, and then to report what came of it. */
  mayCall(model: string): boolean
  /** How long the model is left alone yet, in ms. */
  restMs(model: string): number
  answered(model: string): void
  /** @param retryAfterMs how long the provider asks to be left alone, where it says so */
  overloaded(model: string, retryAfterMs?: number): void
}

interface State {
  overloads: number
  restUntil: number
  /** A call is on its way to see whether the overload lasts. */
  isProbing: boolean
}

/** @param now the clock, in ms */
export function createBreaker(now: () => number = () => performance.now()): Breaker {
  const states = new Map<string, State>()
  return {
    mayCall(model) {
      const state = states.get(model)
      if (!state || state.overloads < THRESHOLD) return true
      if (state.restUntil > now()) return false
      // This caller is the one that sees; until it reports, the others rest.
      state.restUntil = now() + restAfter(state.overloads)
      state.isProbing = true
      return true
    },
    restMs(model) {
      const state = states.get(model)
      return state && state.overloads >= THRESHOLD ? Math.max(0, state.restUntil - now()) : 0
    },
    answered: (model) => void states.delete(model),
    overloaded(model, retryAfterMs = 0) {
      const state = states.get(model) ?? { overloads: 0, restUntil: 0, isProbing: false }
      // Calls that were on their way when it began to rest say nothing new: twenty at once would make it rest longest.
      if (state.overloads >= THRESHOLD && !state.isProbing) {
        state.restUntil = Math.max(state.restUntil, now() + retryAfterMs)
        return
      }
      const overloads = state.overloads + 1
      const restMs = Math.max(restAfter(overloads), retryAfterMs)
      states.set(model, { overloads, restUntil: now() + restMs, isProbing: false })
    },
  }
}

function restAfter(overloads: number): number {
  return Math.min(FIRST_REST_MS * 2 ** Math.min(Math.max(0, overloads - THRESHOLD), 10), LONGEST_REST_MS)
}
