import type { Message } from "../api/client.ts"
import { t } from "../i18n/index.ts"
import { isLimited } from "../state/plan.ts"
import { wordsOf } from "../ui/errors.ts"
import { tell } from "../ui/toasts.ts"
import { edit } from "./edit.ts"
import type { Thread } from "./open-thread.ts"

/** How a reply has ended, where that is worth a word, with one thing to do about it. */
export function Outcome({ thread, message }: { thread: Thread; message: Message }) {
  const words = wordsFor(message)
  const notices = message.notices.map((notice) => t.codes.notices[notice.code] ?? notice.message)
  if (!words && notices.length === 0) return null
  const say = (error: unknown) => tell(wordsOf(error))
  const again = () => void thread.regenerate(message.id).catch(say)
  const goOn = () => void thread.goOn(message.id).catch(say)
  return (
    <div class={`outcome ${message.status === "failed" ? "failure" : "soft"}`}>
      {[...notices, ...(words ? [words] : [])].map((line) => (
        <span key={line}>{line}</span>
      ))}
      {canGoOn(message) ? (
        <span>
          <button type="button" class="link" onClick={goOn}>
            {t.thread.continue}
          </button>
          {isLimited.value && <small class="soft"> ({t.thread.costs})</small>}
        </span>
      ) : (
        message.status === "failed" && (
          <button type="button" class="link" onClick={again}>
            {t.common.retry}
          </button>
        )
      )}
      {message.status === "failed" && isRefused(message) && (
        <button type="button" class="link" onClick={() => void edit(thread, message.parentId)}>
          {t.thread.editing}
        </button>
      )}
    </div>
  )
}

/** Failures of the prompt, for which the provider refuses more. */
const REFUSED = new Set(["blocked", "provider_refused", "empty", "truncated"])

const isRefused = ({ error }: Message) => REFUSED.has(error?.code ?? "")

/** Whether a reply ended early, with text to go on from. */
function canGoOn(message: Message): boolean {
  const { status, content, finishReason } = message
  if (content === "") return false
  if (status === "completed") return finishReason === "MAX_TOKENS"
  return status === "cancelled" || (status === "failed" && !isRefused(message))
}

function wordsFor({ status, error, finishReason, content }: Message): string | null {
  if (status === "failed") return t.codes.failures[error?.code ?? ""] ?? error?.message ?? t.thread.failure
  if (status === "cancelled") return content === "" ? t.thread.stoppedEmpty : t.thread.stopped
  return finishReason === "MAX_TOKENS" ? t.thread.cutOff : null
}
