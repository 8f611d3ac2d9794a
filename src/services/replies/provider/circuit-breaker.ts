import type { Timing } from "../../../config/timing.ts"

/** Consecutive overloads that open a model's circuit. */
const FAILURE_THRESHOLD = 5

/**
 * A circuit per model. Consecutive overloads open it, and no call is made during the cool-down. After that it is
 * half-open: one call goes through, and its result closes the circuit or begins a longer cool-down.
 */
export interface CircuitBreaker {
  /**
   * Returns whether to call the model now. A caller that gets `true` reports `succeeded` or `failed`.
   * @param isLastCall the caller's reply fails with this call: it probes only if for a long time no other has
   */
  allows(model: string, isLastCall?: boolean): boolean
  /** Returns how long the model still rests, in ms: in a cool-down, or exhausted. Another probe may end it sooner. */
  cooldownMs(model: string, isLastCall?: boolean): number
  /** Returns whether other models are to be preferred, because this one is useless for a while without being overloaded. */
  isExhausted(model: string): boolean
  exhausted(model: string): void
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

type CooldownTiming = Pick<Timing["gemini"], "firstCooldownMs" | "longestCooldownMs" | "exhaustedMs">

/** @param now the clock, in ms */
export function createCircuitBreaker(
  timing: CooldownTiming,
  now: () => number = () => performance.now(),
): CircuitBreaker {
  const states = new Map<string, State>()
  const exhaustedUntil = new Map<string, number>()
  const openUntil = (state: State, isLastCall: boolean) =>
    state.openUntil + (isLastCall ? timing.longestCooldownMs : 0)
  const exhaustedMs = (model: string) => Math.max(0, (exhaustedUntil.get(model) ?? 0) - now())
  return {
    allows(model, isLastCall = false) {
      const state = states.get(model)
      if (!state || state.failures < FAILURE_THRESHOLD) return true
      if (openUntil(state, isLastCall) > now()) return false
      // This caller probes. If it never reports, the next one may probe after another cool-down.
      state.openUntil = now() + cooldownAfter(timing, state.failures)
      state.isHalfOpen = true
      return true
    },
    cooldownMs(model, isLastCall = false) {
      const state = states.get(model)
      const isOpen = state !== undefined && state.failures >= FAILURE_THRESHOLD
      const openMs = isOpen ? state.openUntil - now() : 0
      const lastMs = isOpen ? Math.min(openUntil(state, isLastCall) - now(), timing.firstCooldownMs) : 0
      return Math.max(0, openMs, isLastCall ? lastMs : 0, exhaustedMs(model))
    },
    isExhausted: (model) => exhaustedMs(model) > 0,
    exhausted: (model) => void exhaustedUntil.set(model, now() + timing.exhaustedMs),
    succeeded(model) {
      states.delete(model)
      exhaustedUntil.delete(model)
    },
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
