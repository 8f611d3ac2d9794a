import { computed, effect, signal, untracked } from "@preact/signals"
import { client, type User } from "../api/client.ts"
import { isSignedIn } from "../api/tokens.ts"
import { eraseStores } from "../offline/database.ts"

export { isSignedIn }

/** The user, as soon as it is known. */
export const user = signal<User | null>(null)

export const isPro = computed(() => user.value?.tier === "pro")

/** Things to begin at a sign-in; each returns how to end them at the sign-out. */
const whileSignedIn: (() => () => void)[] = []

/** How to end what has begun; null without a session. */
let ends: (() => void)[] | null = null

/** Registers what lives as long as a session: it begins with the next one, or at once where there is one. */
export function onSession(begin: () => () => void): void {
  whileSignedIn.push(begin)
  // A part of the page that is loaded later.
  if (ends) ends.push(untracked(begin))
}

/** Begins and ends what belongs to a session, now and at every change. */
export function startSession(): void {
  effect(() => {
    if (!isSignedIn.value) return eraseStored()
    ends = untracked(() => whileSignedIn.map((begin) => begin()))
    void loadUser()
    return () => {
      for (const end of ends ?? []) end()
      ends = null
      user.value = null
    }
  })
}

export async function loadUser(): Promise<void> {
  user.value = await client.call("GET /user/me").catch(() => user.peek())
}

/** Ends the session, here at once and at the service as soon as it can be reached. */
export async function signOut(): Promise<void> {
  await client.call("POST /auth/logout").catch(() => undefined)
  await client.tokens.set(null)
}

/** Drafts, marks and what is kept for offline are the user's, so they go with the session, however it has ended. */
function eraseStored(): void {
  void eraseStores()
  for (const key of Object.keys(localStorage)) if (key.startsWith("chat.")) localStorage.removeItem(key)
}
