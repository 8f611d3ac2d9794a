import { useSignal } from "@preact/signals"
import { client } from "../api/client.ts"
import { withoutStreams } from "../api/shared-stream.ts"
import { t } from "../i18n/index.ts"
import { go, toNew } from "../router.ts"
import { plan } from "../state/plan.ts"
import { forgetUser, user } from "../state/session.ts"
import { Dialog } from "../ui/dialog.tsx"
import { wordsOf } from "../ui/errors.ts"
import { saveFile } from "../ui/save-file.ts"
import { tell } from "../ui/toasts.ts"
import { isErased } from "./farewell.ts"
import { w } from "./words/index.ts"

/** All that the service knows of the user, to keep or to erase. */
export function Data() {
  const isDeleting = useSignal(false)
  async function download() {
    try {
      const everything = await client.call("GET /user/me/export")
      saveFile("chat-export.json", JSON.stringify(everything, null, 2), "application/json")
    } catch (error) {
      tell(wordsOf(error))
    }
  }
  return (
    <section>
      <h2>{w.data}</h2>
      <div class="beside">
        <button type="button" class="secondary" onClick={download}>
          {w.download}
        </button>
        <button type="button" class="link grave" onClick={() => (isDeleting.value = true)}>
          {w.deleteAccount}
        </button>
      </div>
      {isDeleting.value && <DeleteDialog onClose={() => (isDeleting.value = false)} />}
    </section>
  )
}

/** The second look: the number has to be written. */
function DeleteDialog({ onClose }: { onClose: () => void }) {
  const written = useSignal("")
  const problem = useSignal<string | null>(null)
  const number = user.value?.mobileNumber ?? ""
  async function erase(event: SubmitEvent) {
    event.preventDefault()
    try {
      isErased.value = true
      await withoutStreams(() => client.call("DELETE /user/me"))
      await forgetUser()
      // Whoever signs in next here begins anew.
      go(toNew, { replace: true })
    } catch (error) {
      isErased.value = false
      problem.value = wordsOf(error)
    }
  }
  return (
    <Dialog title={w.deleteAccount} onClose={onClose}>
      <form class="delete" onSubmit={erase}>
        <p>{w.deleteLead(plan.value !== null && plan.value.status !== "none")}</p>
        <label>
          {w.deleteConfirm(number)}
          <input
            type="tel"
            autocomplete="off"
            value={written}
            onInput={({ currentTarget }) => (written.value = currentTarget.value)}
          />
        </label>
        {problem.value && (
          <p class="problem" role="alert">
            {problem.value}
          </p>
        )}
        <div class="dialog-actions">
          <button type="button" class="link" onClick={onClose}>
            {t.common.cancel}
          </button>
          <button
            type="submit"
            class="primary grave"
            disabled={number === "" || written.value.trim() !== number}
          >
            {w.deleteForGood}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
