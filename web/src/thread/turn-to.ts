import type { Message } from "../api/client.ts"
import type { Thread } from "./open-thread.ts"
import { showVersion } from "./other-pages.ts"
import type { Arrange } from "./view.ts"

/** Which of a message's two buttons leads to another version. */
export type Way = "previous" | "next"

/** By conversation: the versions being turned, which have a parent in common, and the presses that wait. */
const turning = new WeakMap<Thread, { parentId: string | null; ways: Way[] }>()

/**
 * Shows another version of a message, and keeps the reader there: its buttons come where the pressed ones were, so that the
 * next press goes on, and have the focus if those had it. A press while a version is being loaded goes on from that one; one
 * on another message does nothing then.
 * @throws what the service answers
 */
export async function turnTo(thread: Thread, message: Message, way: Way): Promise<void> {
  const { parentId } = message
  const before = turning.get(thread)
  if (before?.parentId === parentId) before.ways.push(way)
  if (before) return
  const ways = [way]
  turning.set(thread, { parentId, ways })
  try {
    let shown = message
    for (let next = ways.shift(); next; next = ways.shift()) {
      const id = next === "previous" ? shown.siblings.previousId : shown.siblings.nextId
      if (id === null) continue
      await show(thread, shown.id, id, next)
      if (!thread.branch.peek().includes(id)) return
      shown = thread.message(id).peek()
    }
  } finally {
    turning.delete(thread)
  }
}

const show = (thread: Thread, fromId: string, toId: string, way: Way) =>
  showVersion(thread, toId, () => {
    const pressed = buttonsOf(fromId)
    if (pressed) thread.arrange = arranged(thread, toId, way, pressed)
  })

function arranged(thread: Thread, messageId: string, way: Way, pressed: Element): Arrange {
  const { top } = pressed.getBoundingClientRect()
  const { activeElement } = document
  const hasFocus =
    activeElement === null || activeElement.matches("body, .scroll") || pressed.contains(activeElement)
  return ({ area, showAll, keep, stayAtEnd }) => {
    if (!thread.branch.peek().includes(messageId)) return true
    const message = articleOf(messageId)
    if (!message) {
      showAll()
      return false
    }
    const buttons = message.querySelector(".versions")
    const below = top - (area.current?.getBoundingClientRect().top ?? 0)
    // A reply that is still being made has none, but would have them at its end.
    keep(buttons ? { element: buttons, share: 0, below } : { element: message, share: 1, below })
    stayAtEnd()
    if (hasFocus) focusOn(buttons, way)
    return true
  }
}

const articleOf = (messageId: string) => document.querySelector(`article[data-id="${CSS.escape(messageId)}"]`)
const buttonsOf = (messageId: string) => articleOf(messageId)?.querySelector(".versions")

/** Gives the button that was pressed the focus. */
function focusOn(buttons: Element | null, way: Way): void {
  const [previous, next] = buttons?.querySelectorAll("button") ?? []
  const pressed = way === "previous" ? previous : next
  pressed?.focus({ preventScroll: true })
}
