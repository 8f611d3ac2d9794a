import { tokens } from "../api/tokens.ts"

/**
 * Whose session this browser has, by its access token: known without the service, and the same in all tabs. Null without a
 * session.
 */
export function ownerOfSession(): string | null {
  const payload = stored()?.split(".")[1]
  if (!payload) return null
  try {
    const { sub } = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")))
    return typeof sub === "string" ? sub : null
  } catch {
    return null
  }
}

function stored(): string | undefined {
  const kept = tokens.get()
  // The store is `localStorage`, which answers at once.
  return kept && !(kept instanceof Promise) ? kept.token : undefined
}
