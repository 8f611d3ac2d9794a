import { computed, effect, signal } from "@preact/signals"
import { ApiError, client, type SubscriptionStatus } from "../api/client.ts"
import { wordsOf } from "../ui/errors.ts"
import { tell } from "../ui/toasts.ts"
import { isEmbedded } from "./embedding.ts"
import { loadUser, onSession } from "./session.ts"

/** Plan and the day's use; null until loaded. */
export const plan = signal<SubscriptionStatus | null>(null)

/** Whether today's prompts are used up. */
export const isUsedUp = computed(() => plan.value?.usage.remaining === 0)

/** Whether prompts are counted against a limit. */
export const isLimited = computed(() => (plan.value?.usage.limit ?? null) !== null)

/** Loads the plan, such as after a prompt was charged or given back. */
export async function loadPlan(): Promise<void> {
  plan.value = await client.call("GET /subscription/status").catch(() => plan.peek())
}

/** Leads to Stripe's page to pay, and from there back to this page. */
export function upgrade(): Promise<void> {
  return leaveFor((returnUrl) => client.call("POST /subscribe/pro", { body: returnUrl ? { returnUrl } : {} }))
}

/** Leads to Stripe's page where cards and the subscription are managed. */
export function manage(): Promise<void> {
  return leaveFor((returnUrl) =>
    client.call("POST /subscription/portal", { body: returnUrl ? { returnUrl } : {} }),
  )
}

/** Behind an address that the service doesn't know as its own, Stripe returns to the service's own page. */
async function leaveFor(start: (returnUrl: string | null) => Promise<{ url: string }>): Promise<void> {
  // Stripe's pages are shown in no frame, and a window has to be opened by the click itself.
  const tab = isEmbedded ? open("about:blank", "_blank") : null
  try {
    const { url } = await start(`${location.origin}/app/account`).catch((error: unknown) => {
      if (error instanceof ApiError && error.code === "invalid_request") return start(null)
      throw error
    })
    if (tab) tab.location.href = url
    else location.assign(url)
  } catch (error) {
    tab?.close()
    tell(wordsOf(error))
  }
}

/** A clock that is ahead asks no more often than this; one that was asleep is looked at anew. */
const SOONEST_MS = 5_000
const LONGEST_MS = 60 * 60 * 1000

/** Loads the plan again when the day's prompts come back. @returns ends it */
function reloadWhenReset(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const arm = () => {
    clearTimeout(timer)
    const resetsAt = plan.value?.usage.resetsAt
    if (!resetsAt) return
    const leftMs = () => Date.parse(resetsAt) - Date.now()
    timer = setTimeout(
      async () => {
        if (leftMs() <= 0) await loadPlan()
        arm()
      },
      Math.min(Math.max(leftMs(), SOONEST_MS), LONGEST_MS),
    )
  }
  const stop = effect(arm)
  return () => {
    stop()
    clearTimeout(timer)
  }
}

onSession(() => {
  void loadPlan()
  const endReloading = reloadWhenReset()
  const onFocus = () => {
    if (document.hidden) return
    void loadPlan()
    void loadUser()
  }
  document.addEventListener("visibilitychange", onFocus)
  // What was asked for without a network never came.
  addEventListener("online", onFocus)
  return () => {
    document.removeEventListener("visibilitychange", onFocus)
    removeEventListener("online", onFocus)
    plan.value = null
    endReloading()
  }
})
