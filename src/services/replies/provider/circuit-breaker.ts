import type { Timing } from "../../../config/timing.ts"

/** Consecutive overloads that open a model's circuit. */
const FAILURE_THRESHOLD = 5

/**
 * A circuit per model. Consecutive overloads open it, and no call is made during the cool-down. After that it is
 * half-open: one call goes through, and its result closes the circuit or begins a longer cool-down.
 */
export interface CircuitBreaker {
  /** Returns whether to call the model now. A caller that gets `true` reports `succeeded` or `failed`. */
  allows(model: string): boolean
  /** Returns how long the model's cool-down still lasts, in ms. */
  cooldownMs(model: string): number
  succeeded(model: string): void
  /** @param retryAfterMs the wait that the provider asked for, if any */
  failed(model: string, retryAfterMs?: number): void
}

interface State {
  failures: number
  openUntil: number
  /** One call is in flight to probe the model. */
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
      // This caller probes. If it never reports, the next one may probe after another cool-down.
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
      // Calls in flight when the circuit opened add no information: twenty of them would cause the longest cool-down.
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

function cooldownAfter({ firstCooldownMs, longestCooldownMs }: CooldownTiming, failures: number): number {
  return Math.min(
    firstCooldownMs * 2 ** Math.min(Math.max(0, failures - FAILURE_THRESHOLD), 10),
    longestCooldownMs,
  )
}
