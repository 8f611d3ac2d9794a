import { computed, effect, signal, untracked } from "@preact/signals"
import { createClient, memoryTokens, type Tokens } from "../../../packages/client/src/index.ts"
import { ApiError, client, type User } from "../api/client.ts"
import { onWake } from "../api/page-life.ts"
import { isSignedIn, lookAgain } from "../api/tokens.ts"
import { isDraft } from "../composer/drafts.ts"
import { eraseAll, eraseKept } from "../offline/database.ts"
import { ownerOfSession } from "../offline/owner.ts"

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
    if (!isSignedIn.value) return forgetSession()
    forgetOthersDrafts()
    ends = untracked(() => whileSignedIn.map((begin) => begin()))
    void loadUser()
    const endWatch = watchOwner()
    return () => {
      endWatch()
      for (const end of ends ?? []) end()
      ends = null
      user.value = null
    }
  })
}

export async function loadUser(): Promise<void> {
  user.value = await client.call("GET /user/me").catch(() => user.peek())
}

/** A tab that was frozen misses that somebody has signed out, and another in: all that it shows is another's then. */
function watchOwner(): () => void {
  const owner = ownerOfSession()
  const look = () => {
    lookAgain()
    const now = ownerOfSession()
    if (now !== null && now !== owner) location.reload()
  }
  const endWaking = onWake(look)
  addEventListener("storage", look)
  return () => {
    endWaking()
    removeEventListener("storage", look)
  }
}

/** Ends the session, here at once and at the service as soon as it can be reached. All that is kept goes with it. */
export async function signOut(): Promise<void> {
  const ended = await client.tokens.get()
  await client.tokens.set(null)
  await forgetUser()
  if (ended) await endAtService(ended)
}

/** Erases all that this browser has of the user, whose session has ended because the user wanted it. */
export async function forgetUser(): Promise<void> {
  forgetDrafts(() => true)
  await eraseAll()
}

const LOGOUT_MS = 10_000

/** With a client of its own: the session that is ended is no longer this browser's. */
async function endAtService(ended: Tokens): Promise<void> {
  const { call } = createClient({ baseUrl: "", tokens: memoryTokens(ended) })
  try {
    await call("POST /auth/logout", { signal: AbortSignal.timeout(LOGOUT_MS) })
  } catch (error) {
    if (error instanceof ApiError) return
    addEventListener("online", () => void endAtService(ended), { once: true })
  }
}

/**
 * What is kept to be read, and marks, go with the session, however it has ended. What was written and isn't sent waits for
 * its owner, who may not have ended it: a lost answer to a renewal does, too.
 */
function forgetSession(): void {
  void eraseKept()
  for (const key of Object.keys(localStorage))
    if (key.startsWith("chat.") && !isDraft(key)) localStorage.removeItem(key)
}

function forgetOthersDrafts(): void {
  const owner = ownerOfSession()
  forgetDrafts((key) => owner === null || !isDraft(key, owner))
}

function forgetDrafts(isForgotten: (key: string) => boolean): void {
  for (const key of Object.keys(localStorage))
    if (isDraft(key) && isForgotten(key)) localStorage.removeItem(key)
}
