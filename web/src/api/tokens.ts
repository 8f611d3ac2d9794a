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
  alone,
}

const LOCK = `${KEY}.renewal`

async function alone<T>(renew: () => Promise<T>): Promise<T> {
  const whenFree = async (lock: Lock | null) => (lock ? { renewed: await renew() } : null)
  const first = await navigator.locks.request(LOCK, { ifAvailable: true }, whenFree)
  if (first) return first.renewed
  const arrived = storageArrives()
  return await navigator.locks.request(LOCK, async () => {
    await arrived
    return renew()
  })
}

/** Another tab's write arrives a little later than its lock is free; where that tab has failed, nothing arrives. */
const ARRIVES_MS = 500

function storageArrives(): Promise<void> {
  return new Promise((resolve) => {
    const onStorage = ({ key }: StorageEvent) => key === KEY && end()
    const timer = setTimeout(end, ARRIVES_MS)
    function end() {
      clearTimeout(timer)
      removeEventListener("storage", onStorage)
      resolve()
    }
    addEventListener("storage", onStorage)
  })
}

/** Called when the service has ended the session. */
export function endSession(): void {
  isSignedIn.value = false
}

/** Whether there is a session is looked up anew. */
export function lookAgain(): void {
  isSignedIn.value = localStorage.getItem(KEY) !== null
}

/** Follows sign-in and sign-out in other tabs. */
addEventListener("storage", ({ key }) => {
  if (key === KEY || key === null) lookAgain()
})
