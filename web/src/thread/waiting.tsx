import { useSignal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import type { Message } from "../api/client.ts"
import { t } from "../i18n/index.ts"
import { edit } from "./edit.ts"
import { prepareToGrow } from "./markdown/close-marks.ts"
import type { Thread } from "./open-thread.ts"
import { answerNow, placeInLine, takeOut } from "./queue.ts"

const LONG_MS = 2_000

/** So soon nobody wonders. */
const SILENT_MS = 1_000

/** A reply of which nothing has come: how long it may take, if that is worth saying, and ways out of the line. */
export function Waiting({ thread, message }: { thread: Thread; message: Message }) {
  useEffect(prepareToGrow, [])
  const isLong = useSignal(false)
  useEffect(() => {
    const timer = setTimeout(() => (isLong.value = true), SILENT_MS)
    return () => clearTimeout(timer)
  }, [isLong])
  const before = placeInLine(thread, message.id)
  return (
    <div class="pending">
      <span class="dots" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      <span class="soft">{before > 0 ? t.thread.queued : wordsFor(message, isLong.value)}</span>
      {before > 0 && (
        <span class="pending-actions">
          <button type="button" class="link" onClick={() => void edit(thread, message.parentId)}>
            {t.queue.edit}
          </button>
          {before === 1 && (
            <button type="button" class="link" onClick={() => void answerNow(thread)}>
              {t.queue.now}
            </button>
          )}
          <button type="button" class="link" onClick={() => void takeOut(thread, message)}>
            {t.queue.remove}
          </button>
        </span>
      )}
    </div>
  )
}

function wordsFor({ status, estimatedWaitMs }: Message, isLong: boolean): string {
  if (status === "queued" && estimatedWaitMs !== null && estimatedWaitMs >= LONG_MS)
    return t.thread.waitingMs(forWords(estimatedWaitMs))
  return isLong ? t.thread.waitingModel : ""
}

/** A length of time, as a person would say it. */
export function forWords(ms: number): string {
  const seconds = Math.round(ms / 1000)
  return seconds < 90 ? t.thread.seconds(seconds) : t.thread.minutes(Math.round(seconds / 60))
}
