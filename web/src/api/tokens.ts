import { signal } from "@preact/signals"
import { storageTokens, type TokenStore } from "../../../packages/client/src/index.ts"

const KEY = "chat.tokens"
const stored = storageTokens(localStorage, KEY)

/** Whether this browser has a session. All tabs have the same. */
export const isSignedIn = signal(localStorage.getItem(KEY) !== null)

/**
 * The session's tokens, in the storage of this origin, which scripts of other origins can't read. docs/SECURITY.md says
 * why there. One tab renews them for all.
 */
export const tokens: TokenStore = {
  get: stored.get,
  set(changed) {
    stored.set(changed)
    isSignedIn.value = changed !== null
  },
  alone: (renew) => navigator.locks.request(`${KEY}.renewal`, renew) as ReturnType<typeof renew>,
}

/** Called when the service has ended the session. */
export function endSession(): void {
  isSignedIn.value = false
}

/** Follows sign-in and sign-out in other tabs. */
addEventListener("storage", ({ key }) => {
  if (key === KEY || key === null) isSignedIn.value = localStorage.getItem(KEY) !== null
})
