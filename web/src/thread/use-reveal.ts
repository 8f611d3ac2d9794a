import { useSignalEffect } from "@preact/signals"
import { t } from "../i18n/index.ts"
import { wordsOf } from "../ui/errors.ts"
import { tell } from "../ui/toasts.ts"
import type { Thread } from "./open-thread.ts"
import { type Wanted, wanted } from "./reveal.ts"
import type { StickyScroll } from "./use-sticky-scroll.ts"

interface Scroll extends Pick<StickyScroll, "area" | "leaveEnd" | "show"> {
  /** Doesn't wait any longer with messages that aren't in sight. */
  showAll(): void
}

/** A page that takes longer to write its messages is left as it is. */
const SEEN_MS = 10_000

/** Calls `then` in the frame in which a message is written and in sight. */
function whenSeen(
  area: Scroll["area"],
  messageId: string,
  then: (found: HTMLElement) => void,
  until = performance.now() + SEEN_MS,
): void {
  requestAnimationFrame((now) => {
    const wanted = `.messages:not(.filling) article[data-id="${CSS.escape(messageId)}"]`
    const found = area.current?.querySelector<HTMLElement>(wanted)
    if (found) then(found)
    else if (now < until) whenSeen(area, messageId, then, until)
  })
}

/**
 * Brings a message that was looked for into the middle. It has the focus, which marks it and what was found in it until the
 * reader goes on.
 */
export function useReveal(thread: Thread, scroll: Scroll): void {
  useSignalEffect(() => {
    const { value: message } = wanted
    if (message?.roomId !== thread.roomId || thread.state.value !== "ready") return
    wanted.value = null
    void show(message)
  })

  async function show({ messageId, words }: Wanted): Promise<void> {
    scroll.leaveEnd()
    const headId = thread.room.peek()?.headId ?? null
    const place = await thread.showAround(messageId).catch((error: unknown) => {
      tell(wordsOf(error))
      return null
    })
    if (place === "nowhere") tell(t.search.gone)
    if (place === "otherBranch") tellOfBranch(headId)
    if (place === null || place === "nowhere") return
    scroll.showAll()
    // Without a network the message is marked as a whole.
    const marks = await import("./mark-found.ts").catch(() => null)
    whenSeen(scroll.area, messageId, (found) => {
      found.tabIndex = -1
      found.focus({ preventScroll: true })
      scroll.show(marks?.markFound(found, words) ?? found)
    })
  }

  /** The conversation shows another version than before, in every tab: the way back is one step. */
  function tellOfBranch(headId: string | null): void {
    const run = () => {
      if (headId !== null) void thread.show(headId).catch((error: unknown) => tell(wordsOf(error)))
    }
    tell(t.search.otherVersion, headId === null ? {} : { action: { label: t.search.back, run } })
  }
}
