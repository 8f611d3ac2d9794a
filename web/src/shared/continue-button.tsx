import { useSignal } from "@preact/signals"
import { ApiError, client } from "../api/client.ts"
import { isSignedIn } from "../api/tokens.ts"
import { t } from "../i18n/index.ts"
import { toNew, toRoom } from "../router.ts"
import { wordsOf } from "../ui/errors.ts"
import { tell } from "../ui/toasts.ts"
import { keepForLater } from "./continue-later.ts"

/** Makes a copy of the reader's own and opens it; who isn't signed in does that first. */
export function ContinueButton({ token }: { token: string }) {
  const isBusy = useSignal(false)

  async function run() {
    if (!isSignedIn.peek()) return signInFirst()
    isBusy.value = true
    try {
      const room = await client.continueShared(token)
      return location.assign(toRoom(room.id))
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return signInFirst()
      tell(wordsOf(error, { not_found: t.shared.noneLead }))
    }
    isBusy.value = false
  }

  function signInFirst() {
    keepForLater(token)
    location.assign(toNew)
  }

  return (
    <button type="button" class="secondary" disabled={isBusy.value} onClick={run}>
      {isSignedIn.value ? t.shared.continue : t.shared.signInToContinue}
    </button>
  )
}
