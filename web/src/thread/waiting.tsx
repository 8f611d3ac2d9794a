import type { Message } from "../api/client.ts"
import { t } from "../i18n/index.ts"
import { isFinal, type Thread } from "./open-thread.ts"
import { useShownStop } from "./use-stop.ts"

const LONG_MS = 2_000

/** A reply of which nothing has come: how long it may take, if that is worth saying, and a way out of the line. */
export function Waiting({ thread, message }: { thread: Thread; message: Message }) {
  const stop = useShownStop(thread, message.id)
  const ids = thread.branch.value
  const isBehind = ids
    .slice(0, Math.max(0, ids.indexOf(message.id)))
    .some((id) => !isFinal(thread.message(id).value))
  return (
    <p class="pending">
      <span class="dots" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      <span class="soft">{isBehind ? t.thread.queued : wordsFor(message)}</span>
      {isBehind && (
        <button type="button" class="link" onClick={stop}>
          {t.common.cancel}
        </button>
      )}
    </p>
  )
}

function wordsFor({ status, estimatedWaitMs }: Message): string {
  if (status !== "queued" || estimatedWaitMs === null || estimatedWaitMs < LONG_MS) return ""
  return t.thread.waitingMs(forWords(estimatedWaitMs))
}

/** A length of time, as a person would say it. */
export function forWords(ms: number): string {
  const seconds = Math.round(ms / 1000)
  return seconds < 90 ? t.thread.seconds(seconds) : t.thread.minutes(Math.round(seconds / 60))
}
