import { useRef } from "preact/hooks"
import type { Message } from "../api/client.ts"
import { t } from "../i18n/index.ts"
import { wordsOf } from "../ui/errors.ts"
import { IconButton } from "../ui/icon-button.tsx"
import { tell } from "../ui/toasts.ts"
import type { Thread } from "./open-thread.ts"
import type { Way } from "./turn-to.ts"

/** ‹ 2/3 ›: which version of a message this is, and the way to the others. */
export function Versions({ thread, message: { siblings } }: { thread: Thread; message: Message }) {
  const group = useRef<HTMLDivElement>(null)
  const show = (id: string | null, way: Way) => () => {
    const { current: pressed } = group
    if (id === null || !pressed) return
    import("./turn-to.ts")
      .then(({ turnTo }) => turnTo(thread, id, way, pressed))
      .catch((error: unknown) => tell(wordsOf(error)))
  }
  if (siblings.count < 2) return null
  return (
    <div
      ref={group}
      class="versions"
      role="group"
      aria-label={t.thread.version(siblings.position, siblings.count)}
    >
      <IconButton
        icon="left"
        label={t.thread.previous}
        disabled={siblings.previousId === null}
        onClick={show(siblings.previousId, "previous")}
      />
      <span aria-hidden="true">
        {siblings.position}/{siblings.count}
      </span>
      <IconButton
        icon="right"
        label={t.thread.next}
        disabled={siblings.nextId === null}
        onClick={show(siblings.nextId, "next")}
      />
    </div>
  )
}
