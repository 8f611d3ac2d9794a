import { t } from "../i18n/index.ts"
import { isComposing } from "../ui/keys.ts"

/** What the API takes. */
const MOST_CHARACTERS = 2_000

/** Asks why a reply was good or bad: by words to choose, by words of one's own, or not at all. */
export function ReasonForm({
  rating,
  onReason,
  onClose,
}: {
  rating: "up" | "down"
  /** Null where none was given. */
  onReason: (reason: string | null) => void
  onClose: () => void
}) {
  function submit(event: SubmitEvent) {
    event.preventDefault()
    const fields = new FormData(event.currentTarget as HTMLFormElement)
    const parts = [...fields.getAll("kind"), fields.get("words") ?? ""].map((part) => String(part).trim())
    const reason = parts.filter((part) => part !== "").join("; ")
    onReason(reason === "" ? null : reason.slice(0, MOST_CHARACTERS))
  }

  return (
    <form
      class="reason"
      aria-label={t.thread.why}
      onSubmit={submit}
      onKeyDown={(event) => event.key === "Escape" && !isComposing(event) && onClose()}
    >
      <div class="kinds">
        {Object.values(t.thread.reasons[rating]).map((kind) => (
          <label key={kind}>
            <input type="checkbox" name="kind" value={kind} />
            <span>{kind}</span>
          </label>
        ))}
      </div>
      <textarea
        name="words"
        rows={2}
        aria-label={t.thread.why}
        placeholder={t.thread.why}
        maxLength={1_500}
        dir="auto"
      />
      <div class="reason-actions">
        <span class="soft">{t.thread.reasonKept}</span>
        <button type="button" class="link" onClick={onClose}>
          {t.thread.notNow}
        </button>
        <button type="submit" class="primary">
          {t.thread.sendReason}
        </button>
      </div>
    </form>
  )
}
