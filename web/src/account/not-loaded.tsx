import { useSignal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import { t } from "../i18n/index.ts"
import { isOnline } from "../state/online.ts"

/** In the place of what couldn't be loaded: it says so, and tries again when asked and when the network is back. */
export function NotLoaded({ load, words }: { load: () => Promise<void>; words: string }) {
  const isBusy = useSignal(isOnline.peek())
  const isTried = useSignal(!isOnline.peek())
  async function again() {
    isBusy.value = true
    await load()
    isBusy.value = false
    isTried.value = true
  }
  const isBack = isOnline.value
  useEffect(() => {
    if (isBack) void again()
  }, [isBack])
  if (!isTried.value) return <div class="not-loaded" aria-busy="true" />
  return (
    <div class="not-loaded" role="status" aria-busy={isBusy.value}>
      <p class="soft">{isBusy.value ? t.common.loading : words}</p>
      <button type="button" class="secondary" disabled={isBusy.value} onClick={again}>
        {t.common.retry}
      </button>
    </div>
  )
}
