import type { Thread } from "./open-thread.ts"

/** Which of a message's two buttons leads to another version. */
export type Way = "previous" | "next"

/**
 * Shows another version of a message, and keeps the reader there: its buttons come where the pressed ones were, so that the
 * next press goes on, and have the focus.
 * @param pressed the group of buttons that was pressed
 * @throws what the service answers
 */
export async function turnTo(thread: Thread, messageId: string, way: Way, pressed: Element): Promise<void> {
  await thread.showVersion(messageId, () => {
    const { top } = pressed.getBoundingClientRect()
    thread.arrange.value = ({ area, showAll, keep, stayAtEnd }) => {
      const message = area.current?.querySelector(`article[data-id="${CSS.escape(messageId)}"]`)
      if (!message) {
        showAll()
        return false
      }
      const buttons = message.querySelector(".versions")
      const below = top - (area.current?.getBoundingClientRect().top ?? 0)
      // A reply that is still being made has none, but would have them at its end.
      keep(buttons ? { element: buttons, share: 0, below } : { element: message, share: 1, below })
      stayAtEnd()
      focusOn(buttons, way)
      return true
    }
  })
}

/** Gives the button that was pressed the focus, or the other one where it leads nowhere any more. */
function focusOn(buttons: Element | null, way: Way): void {
  const [previous, next] = buttons?.querySelectorAll("button") ?? []
  const [pressed, other] = way === "previous" ? [previous, next] : [next, previous]
  const button = pressed?.disabled ? other : pressed
  button?.focus({ preventScroll: true })
}
