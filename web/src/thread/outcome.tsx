import type { Message } from "../api/client.ts"
import { t } from "../i18n/index.ts"
import { wordsOf } from "../ui/errors.ts"
import { tell } from "../ui/toasts.ts"
import type { Thread } from "./open-thread.ts"

/** How a reply has ended, where that is worth a word, with one thing to do about it. */
export function Outcome({ thread, message }: { thread: Thread; message: Message }) {
  const words = wordsFor(message)
  const notices = message.notices.map((notice) => notice.message)
  if (!words && notices.length === 0) return null
  const again = () => void thread.regenerate(message.id).catch((error: unknown) => tell(wordsOf(error)))
  return (
    <div class={`outcome ${message.status === "failed" ? "failure" : "soft"}`}>
      {[...notices, ...(words ? [words] : [])].map((line) => (
        <span key={line}>{line}</span>
      ))}
      {message.status === "failed" && (
        <button type="button" class="link" onClick={again}>
          {t.common.retry}
        </button>
      )}
    </div>
  )
}

function wordsFor({ status, error, finishReason, content }: Message): string | null {
  if (status === "failed") return error?.message ?? t.thread.failure
  if (status === "cancelled") return content === "" ? t.thread.stoppedEmpty : t.thread.stopped
  return finishReason === "MAX_TOKENS" ? t.thread.cutOff : null
}
