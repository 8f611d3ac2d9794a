import { useSignalEffect } from "@preact/signals"
import { t } from "../i18n/index.ts"
import { wordsOf } from "../ui/errors.ts"
import { tell } from "../ui/toasts.ts"
import type { Thread } from "./open-thread.ts"
import { wanted } from "./reveal.ts"
import type { StickyScroll } from "./use-sticky-scroll.ts"

interface Scroll extends Pick<StickyScroll, "area" | "leaveEnd"> {
  /** Doesn't wait any longer with messages that aren't in sight. */
  showAll(): void
}

/** Brings a message that was looked for into the middle. It has the focus, which marks it until the reader goes on. */
export function useReveal(thread: Thread, scroll: Scroll): void {
  useSignalEffect(() => {
    const { value: message } = wanted
    if (message?.roomId !== thread.roomId || thread.state.value !== "ready") return
    wanted.value = null
    void show(message.messageId)
  })

  async function show(messageId: string): Promise<void> {
    scroll.leaveEnd()
    const isThere = await thread.showAround(messageId).catch((error: unknown) => {
      tell(wordsOf(error))
      return null
    })
    if (isThere === false) tell(t.search.gone)
    if (!isThere) return
    scroll.showAll()
    requestAnimationFrame(() => {
      const messages = scroll.area.current?.querySelectorAll<HTMLElement>("article.message") ?? []
      const found = messages[thread.branch.peek().indexOf(messageId)]
      if (!found) return
      found.tabIndex = -1
      found.scrollIntoView({ block: "center" })
      found.focus({ preventScroll: true })
    })
  }
}
