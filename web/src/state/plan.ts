import { computed, signal } from "@preact/signals"
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

onSession(() => {
  void loadPlan()
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
  }
})
