import { t } from "../i18n/index.ts"
import { wordsOf } from "../ui/errors.ts"
import { tell } from "../ui/toasts.ts"
import { markFound } from "./mark-found.ts"
import type { Thread } from "./open-thread.ts"
import { showAround, showVersion } from "./other-pages.ts"
import type { Wanted } from "./reveal.ts"
import type { View } from "./view.ts"

/** A page that takes longer to write its messages is left as it is. */
const SEEN_MS = 10_000

/** Calls `then` in the frame in which a message is written and in sight. */
function whenSeen(
  area: View["area"],
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

/** Shows a message that was found, wherever in the room it is. Says so where it isn't any more. */
export async function showFound(thread: Thread, view: View, { messageId, words }: Wanted): Promise<void> {
  const headId = thread.room.peek()?.headId ?? null
  const where = await showAround(thread, messageId).catch((error: unknown) => {
    tell(wordsOf(error))
    return null
  })
  if (where === "nowhere") tell(t.search.gone)
  if (where === "otherBranch") tellOfBranch(thread, headId)
  if (where === null || where === "nowhere") return
  view.showAll()
  whenSeen(view.area, messageId, (found) => {
    found.tabIndex = -1
    found.focus({ preventScroll: true })
    const mark = markFound(found, words)
    // Sideways, in what is wider than the window.
    mark.scrollIntoView({ block: "nearest", inline: "nearest" })
    view.show(mark)
  })
}

/** The conversation shows another version than before, in every tab: the way back is one step. */
function tellOfBranch(thread: Thread, headId: string | null): void {
  const run = () => {
    if (headId !== null) void showVersion(thread, headId).catch((error: unknown) => tell(wordsOf(error)))
  }
  tell(t.search.otherVersion, headId === null ? {} : { action: { label: t.search.back, run } })
}
