import type { Message } from "../api/client.ts"
import { t } from "../i18n/index.ts"
import { wordsOf } from "../ui/errors.ts"
import { IconButton } from "../ui/icon-button.tsx"
import { tellNotLoaded } from "../ui/later.tsx"
import { tell } from "../ui/toasts.ts"
import type { Thread } from "./open-thread.ts"
import type { Way } from "./turn-to.ts"

/** ‹ 2/3 ›: which version of a message this is, and the way to the others. */
export function Versions({ thread, message }: { thread: Thread; message: Message }) {
  const { siblings } = message
  if (siblings.count < 2) return null
  const turn = (way: Way) => async () => {
    const loaded = await import("./turn-to.ts").catch(tellNotLoaded)
    await loaded?.turnTo(thread, message, way).catch((error: unknown) => tell(wordsOf(error)))
  }
  // One that leads nowhere keeps the focus, so that a further press isn't one of another button.
  return (
    <div class="versions" role="group" aria-label={t.thread.version(siblings.position, siblings.count)}>
      <IconButton
        icon="left"
        label={t.thread.previous}
        aria-disabled={siblings.previousId === null}
        onClick={turn("previous")}
      />
      <span aria-hidden="true">
        {siblings.position}/{siblings.count}
      </span>
      <IconButton
        icon="right"
        label={t.thread.next}
        aria-disabled={siblings.nextId === null}
        onClick={turn("next")}
      />
    </div>
  )
}
