import type { Timing } from "../../../config/timing.ts"

/** Overloads in a row after which a model is left alone. */
const FAILURE_THRESHOLD = 5

/**
 * Keeps a worker from calling a model that has just said that it is overloaded, or said nothing, again and again. After a rest one
 * call goes through to see; the others wait for what it brings.
 */
export interface CircuitBreaker {
  /** Whether to call the model now, and then to report what came of it. */
  allows(model: string): boolean
  /** How long the model is left alone yet, in ms. */
  cooldownMs(model: string): number
  succeeded(model: string): void
  /** @param retryAfterMs how long the provider asks to be left alone, where it says so */
  failed(model: string, retryAfterMs?: number): void
}

interface State {
  failures: number
  openUntil: number
  /** A call is on its way to see whether the overload lasts. */
  isHalfOpen: boolean
}

type CooldownTiming = Pick<Timing["gemini"], "firstCooldownMs" | "longestCooldownMs">

/** @param now the clock, in ms */
export function createCircuitBreaker(
  timing: CooldownTiming,
  now: () => number = () => performance.now(),
): CircuitBreaker {
  const states = new Map<string, State>()
  return {
    allows(model) {
      const state = states.get(model)
      if (!state || state.failures < FAILURE_THRESHOLD) return true
      if (state.openUntil > now()) return false
      // This caller is the one that sees; until it reports, the others rest.
      state.openUntil = now() + cooldownAfter(timing, state.failures)
      state.isHalfOpen = true
      return true
    },
    cooldownMs(model) {
      const state = states.get(model)
      return state && state.failures >= FAILURE_THRESHOLD ? Math.max(0, state.openUntil - now()) : 0
    },
    succeeded: (model) => void states.delete(model),
    failed(model, retryAfterMs = 0) {
      const state = states.get(model) ?? { failures: 0, openUntil: 0, isHalfOpen: false }
      // Calls that were on their way when it began to rest say nothing new: twenty at once would make it rest longest.
      if (state.failures >= FAILURE_THRESHOLD && !state.isHalfOpen) {
        state.openUntil = Math.max(state.openUntil, now() + retryAfterMs)
        return
      }
      const failures = state.failures + 1
      const cooldownMs = Math.max(cooldownAfter(timing, failures), retryAfterMs)
      states.set(model, { failures, openUntil: now() + cooldownMs, isHalfOpen: false })
    },
  }
}

function cooldownAfter({ firstCooldownMs, longestCooldownMs }: CooldownTiming, overloads: number): number {
  return Math.min(
    firstCooldownMs * 2 ** Math.min(Math.max(0, overloads - FAILURE_THRESHOLD), 10),
    longestCooldownMs,
  )
}
