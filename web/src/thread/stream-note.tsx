import { t } from "../i18n/index.ts"
import { isOnline } from "../state/online.ts"
import type { Thread } from "./open-thread.ts"

/**
 * Says that the service is away, where the browser doesn't say that there is no network, or that this window no longer follows
 * the conversation. Anything that is done in it makes it follow again.
 */
export function StreamNote({ thread }: { thread: Thread }) {
  const isEvicted = thread.stream.value === "evicted"
  const isAway = thread.stream.value === "away" && isOnline.value
  if (!isEvicted && !isAway) return null
  return (
    <p class="stream-note" role="status">
      <span>{isAway ? t.thread.away : t.thread.evicted}</span>
      {isEvicted && (
        <button type="button" class="link">
          {t.thread.followAgain}
        </button>
      )}
    </p>
  )
}
