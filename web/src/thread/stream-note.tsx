import { t } from "../i18n/index.ts"
import type { Thread } from "./open-thread.ts"

/** Says that this window no longer follows the conversation. Anything that is done in it makes it follow again. */
export function StreamNote({ thread }: { thread: Thread }) {
  if (thread.stream.value !== "evicted") return null
  return (
    <p class="stream-note" role="status">
      <span>{t.thread.evicted}</span>
      <button type="button" class="link">
        {t.thread.followAgain}
      </button>
    </p>
  )
}
