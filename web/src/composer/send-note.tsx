import { t } from "../i18n/index.ts"
import { tooLong } from "./text-length.ts"
import type { Uploads } from "./uploads.ts"

/** What describes the button that can't be pressed. */
export const SEND_NOTE_ID = "send-note"

/** Why a message can't be sent as it is; null where nothing is wrong with it. */
export function whyNot(text: string, files: Uploads): string | null {
  const obstacle = tooLong(text)
  if (obstacle) return obstacle
  const failed = files.uploads.value.filter(({ problem }) => problem.value !== null).length
  return failed > 0 ? t.composer.removeFailed(failed) : null
}

/** Says why, over the composer. */
export function SendNote({ words }: { words: string | null }) {
  return (
    <p id={SEND_NOTE_ID} class="send-note problem" role="status">
      {words}
    </p>
  )
}
