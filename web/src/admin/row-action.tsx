import { useSignal } from "@preact/signals"
import { wordsOf } from "../ui/errors.ts"
import { tell } from "../ui/toasts.ts"

/** A button that does something to a row, and says what was done or why not. */
export function RowAction({
  label,
  about,
  run,
  done,
}: {
  label: string
  /** What it is about, for those who don't see the row. */
  about: string
  run(): Promise<unknown>
  done: string
}) {
  const isBusy = useSignal(false)
  async function act() {
    isBusy.value = true
    try {
      await run()
      tell(done)
    } catch (error) {
      tell(wordsOf(error))
    }
    isBusy.value = false
  }
  return (
    <button
      type="button"
      class="secondary small"
      aria-label={`${label}: ${about}`}
      disabled={isBusy.value}
      onClick={act}
    >
      {label}
    </button>
  )
}
