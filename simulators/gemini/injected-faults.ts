import type { ApiFailure } from "./errors.ts"
import * as errors from "./errors.ts"

type FailureOf = (model: string, retryDelay?: string) => ApiFailure

/** InjectedFaults that answer with an error status before any content. */
export const STATUS_FAULTS = {
  "rate-limit": (model, retry) => errors.quotaExceeded("minute", model, retry),
  "rate-limit-day": (model, retry) => errors.quotaExceeded("day", model, retry),
  "rate-limit-zero": (model, retry) => errors.quotaExceeded("zero", model, retry),
  credits: () => errors.creditsDepleted,
  "spending-cap": () => errors.spendingCap,
  "not-found": (model) => errors.modelNotFound("v1", model, "generateContent").failure,
  internal: () => errors.internal,
  unavailable: () => errors.unavailable,
  deadline: () => errors.deadlineExceeded,
  forbidden: () => errors.forbidden,
  unauthenticated: () => errors.unauthenticated,
  "key-invalid": () => errors.invalidKey,
  region: () => errors.wrongRegion,
} satisfies Record<string, FailureOf>

/** InjectedFaults that happen before the status line is sent. */
export const OPENING_FAULTS = { "stall-headers": "stall", "cut-headers": "cut" } as const

/** InjectedFaults that stop a reply which began well. */
export const ENDING_FAULTS = { stall: "stall", cut: "cut", end: "end" } as const

/** InjectedFaults that put an error into a reply which began well. */
export const ERROR_FAULTS = ["error-event", "error-bare", "error-bare-blank"] as const

/** InjectedFaults that end a reply with another finish reason than STOP. */
export const FINISH_FAULTS = {
  safety: "SAFETY",
  recitation: "RECITATION",
  "max-tokens": "MAX_TOKENS",
  "unknown-finish": "QUANTUM_DECOHERENCE",
} as const

/** Every fault that can be asked for by name. */
export const FAULTS = [
  ...keys(STATUS_FAULTS),
  ...keys(OPENING_FAULTS),
  ...keys(ENDING_FAULTS),
  ...ERROR_FAULTS,
  ...keys(FINISH_FAULTS),
  "forbidden-html",
  "blocked",
  "empty",
] as const

export type Fault = (typeof FAULTS)[number]

/** Whether a fault is one of a family; narrows to its names. */
export function isOneOf<K extends string>(family: Record<K, unknown>, fault?: string): fault is K {
  return fault !== undefined && Object.hasOwn(family, fault)
}

function keys<K extends string>(record: Record<K, unknown>) {
  return Object.keys(record) as K[]
}
