import { signal } from "@preact/signals"

/**
 * The link whose copy was asked for before there was a session. It is kept for this tab alone, and in no address, which
 * logs and other pages might see.
 */
const KEY = "chat.continue"

/** A sign-in later than this wasn't made for the copy. */
const KEPT_MS = 60 * 60 * 1000

export const isAwaited = signal(read() !== null)

export function keepForLater(token: string): void {
  sessionStorage.setItem(KEY, JSON.stringify({ token, at: Date.now() }))
}

/** Returns the token that was kept, once. */
export function takeKept(): string | null {
  const token = read()
  sessionStorage.removeItem(KEY)
  isAwaited.value = false
  return token
}

function read(): string | null {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "null") as { token: string; at: number } | null
    return kept && Date.now() - kept.at < KEPT_MS ? kept.token : null
  } catch {
    return null
  }
}
