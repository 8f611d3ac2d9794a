import { useSignal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import { ApiError, client, type Share } from "../api/client.ts"
import { formatDate, formatNumber, t } from "../i18n/index.ts"
import { copy } from "../ui/copy.ts"
import { Dialog } from "../ui/dialog.tsx"
import { wordsOf } from "../ui/errors.ts"
import { tell } from "../ui/toasts.ts"

/** The link to a conversation: makes it, shows it, withdraws it. */
export function ShareDialog({ roomId, onClose }: { roomId: string; onClose: () => void }) {
  const params = { id: roomId }
  const share = useSignal<Share | null>(null)
  const isLoaded = useSignal(false)
  const problem = useSignal<string | null>(null)

  async function run(work: () => Promise<Share | null>) {
    problem.value = null
    try {
      share.value = await work()
    } catch (error) {
      if (error instanceof ApiError && error.code === "not_found") share.value = null
      else problem.value = wordsOf(error)
    }
    isLoaded.value = true
  }
  useEffect(
    () => void run(() => client.call("GET /chatroom/{id}/share", { params: { id: roomId } })),
    [roomId],
  )

  const make = () => run(() => client.call("POST /chatroom/{id}/share", { params, body: {} }))
  const withdraw = () =>
    run(async () => {
      await client.call("DELETE /chatroom/{id}/share", { params })
      tell(t.share.withdrawn)
      return null
    })
  const copyLink = async (url: string) => {
    if (await copy(url)) tell(t.share.copied)
  }

  const { value: shared } = share
  return (
    <Dialog title={t.share.title} onClose={onClose}>
      <p class="soft">{t.share.lead}</p>
      {problem.value && (
        <p class="problem" role="alert">
          {problem.value}
        </p>
      )}
      {shared?.url && (
        <div class="link-row">
          <input
            readOnly
            value={shared.url}
            aria-label={t.share.link}
            onFocus={({ currentTarget }) => currentTarget.select()}
          />
          <button type="button" class="primary" onClick={() => copyLink(shared.url as string)}>
            {t.common.copy}
          </button>
        </div>
      )}
      {shared && (
        <p class="soft">{t.share.state(formatDate(shared.createdAt), formatNumber(shared.views))}</p>
      )}
      {isLoaded.value && (
        <div class="dialog-actions">
          {shared && (
            <button type="button" class="link grave" onClick={withdraw}>
              {t.share.withdraw}
            </button>
          )}
          <button type="button" class={shared ? "secondary" : "primary"} onClick={make}>
            {shared ? t.share.again : t.share.make}
          </button>
        </div>
      )}
    </Dialog>
  )
}
