import { AttemptFailed } from "./failures.ts"

/**
 * Converts what a call threw. Errors of the provider are `AttemptFailed` already (`wire.ts`). Network faults become
 * `provider_unreachable`; the caller knows whether a reply had begun.
 */
export function toAttemptFailed(error: unknown): AttemptFailed {
  if (error instanceof AttemptFailed) return error
  return new AttemptFailed("provider_unreachable", "the provider could not be reached", {
    cause: networkCause(error),
    fallback: true,
    overload: true,
  })
}

/** Returns a network error to log as the cause. The SDK's own errors may quote the prompt or the reply. */
function networkCause(error: unknown): unknown {
  const cause = error instanceof Error ? (error.cause ?? error) : undefined
  return typeof (cause as { code?: unknown } | undefined)?.code === "string" ? cause : undefined
}
