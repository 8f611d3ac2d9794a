import { useSignal, useSignalEffect } from "@preact/signals"
import type { RefObject } from "preact"
import { useLayoutEffect, useRef } from "preact/hooks"
import type { Message } from "../api/client.ts"
import { nextTurn, whenIdle } from "../ui/turn.ts"
import type { Thread } from "./open-thread.ts"
import { isPreparing } from "./print.ts"
import type { StickyScroll } from "./use-sticky-scroll.ts"

/** A window that is filled by no more than this may show what comes above. */
const SPARE_PX = 200

/** A message is seldom lower than this with what is around it, and more by each line of so many letters. */
const LEAST_PX = 50
const LINE_PX = 20
const LINE_LETTERS = 200

/** A prompt that was sent, and its reply. */
const TURN = 2

/**
 * The messages to show: the newest of a conversation, then those above them, each in a task of its own, so that a long one
 * can be read, scrolled and answered while it is still being written into the page. The first ones follow each other at once
 * until they fill the window: from below where there are enough of them, and otherwise out of sight, since a short conversation
 * stands at the top. The others come when the page has time, as do older ones that are loaded later. What is in sight stays
 * where it is, and what was sent stays in sight when it becomes a message.
 */
export function useNewestFirst(
  thread: Thread,
  { area, isFollowing, stay, hold }: Pick<StickyScroll, "area" | "isFollowing" | "stay" | "hold">,
  list: RefObject<HTMLElement | null>,
) {
  const shown = useRef<ReadonlySet<string>>(new Set())
  /** The message to be shown next, above those that are. */
  const next = useSignal<string | null>(null)
  const isFilling = useSignal(true)
  const isAllWanted = useSignal(false)
  const keepPlace = useRef<(() => void) | null>(null)
  /** How the first messages are shown until they fill the window, decided when they are there. */
  const way = useRef<"hidden" | "from below" | "at once">("hidden")
  /** How many prompts were in sight on their way. */
  const sent = useRef(0)
  const all = thread.inSight.value
  const outgoing = thread.outgoing.value
  const known = all.findIndex((id) => id === next.value || shown.current.has(id))
  if (known < 0 && all.length > 0) {
    const isLong = (isFollowing() || sent.current > 0) && areLong(all.map((id) => thread.message(id).peek()))
    way.current = isLong ? "from below" : sent.current > 0 ? "at once" : "hidden"
  }
  const newest = Math.max(TURN * sent.current, 1)
  const first = way.current === "at once" ? 0 : Math.max(all.length - newest, 0)
  const left = isAllWanted.value ? 0 : known < 0 ? first : known
  const ids = left > 0 ? all.slice(left) : all
  const isBeginning = isFilling.value && left > 0

  // Paper shows all.
  useSignalEffect(() => {
    if (isPreparing.value) isAllWanted.value = true
  })

  useLayoutEffect(() => {
    keepPlace.current?.()
    keepPlace.current = null
    if (all.length === 0) return
    shown.current = new Set(ids)
    isFilling.value = left > 0 && (isFilling.peek() || known < 0)
    if (left === 0) isAllWanted.value = isPreparing.peek()
  }, [all, left])

  // What is out of sight takes no place, and the browser moves what is scrolled.
  useLayoutEffect(stay, [all, left, isFilling.value])

  useLayoutEffect(() => {
    sent.current = outgoing.filter(({ stopped }) => stopped === null).length
  }, [outgoing])

  useLayoutEffect(() => {
    if (left === 0) return
    const showNext = () => {
      if (!isFilling.value || way.current === "from below") keepPlace.current = hold("first")
      next.value = all[left - 1] as string
    }
    if (!isFilling.value) return whenIdle(showNext)
    return nextTurn(() => {
      if (isShort(list.current, area.current)) showNext()
      else isFilling.value = false
    })
  }, [all, left, isFilling.value])

  return {
    ids,
    isWhole: left === 0,
    isFilling: isBeginning && way.current === "hidden",
    // Also when there are no more, and fewer than it seemed: nothing that is seen moves.
    isFromBelow: way.current === "from below",
    showAll() {
      isAllWanted.value = true
    },
  }
}

const isShort = (list: HTMLElement | null, area: HTMLElement | null) =>
  list !== null &&
  area !== null &&
  // What is written out of sight has a box of its own.
  Math.max(list.scrollHeight, area.scrollHeight) < area.clientHeight + SPARE_PX

/** Whether these messages are higher than the window, as far as their letters tell. */
function areLong(messages: Message[]): boolean {
  const least = messages.reduce(
    (px, { content }) => px + LEAST_PX + LINE_PX * Math.floor(content.length / LINE_LETTERS),
    0,
  )
  return least > innerHeight + SPARE_PX
}
