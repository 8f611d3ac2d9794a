import { useSignal, useSignalEffect } from "@preact/signals"
import type { RefObject } from "preact"
import { useLayoutEffect, useRef } from "preact/hooks"
import { nextTurn, whenIdle } from "../ui/turn.ts"
import type { Thread } from "./open-thread.ts"
import { isPreparing } from "./print.ts"
import type { StickyScroll } from "./use-sticky-scroll.ts"

/** A window that is filled by no more than this may show what comes above. */
const SPARE_PX = 200

/** A prompt that was sent, and its reply. */
const TURN = 2

/**
 * The messages to show: the newest of a conversation, then those above them, each in a task of its own, so that a long one
 * can be read, scrolled and answered while it is still being written into the page. The first are written out of sight, one
 * right after the other, until they fill the window; the others come when the page has time, as do older ones that are
 * loaded later. What is in sight stays where it is, and what was sent stays in sight when it becomes a message.
 */
export function useNewestFirst(
  thread: Thread,
  { area, stay, hold }: Pick<StickyScroll, "area" | "stay" | "hold">,
  list: RefObject<HTMLElement | null>,
) {
  const shown = useRef<ReadonlySet<string>>(new Set())
  /** The message to be shown next, above those that are. */
  const next = useSignal<string | null>(null)
  const isFilling = useSignal(true)
  const isAllWanted = useSignal(false)
  const keepPlace = useRef<(() => void) | null>(null)
  /** How many prompts were in sight on their way. */
  const sent = useRef(0)
  const all = thread.branch.value
  const outgoing = thread.outgoing.value
  const known = all.findIndex((id) => id === next.value || shown.current.has(id))
  const first = Math.max(all.length - Math.max(TURN * sent.current, 1), 0)
  const left = isAllWanted.value ? 0 : known < 0 ? first : known
  const ids = left > 0 ? all.slice(left) : all

  // Paper shows all.
  useSignalEffect(() => {
    if (isPreparing.value) isAllWanted.value = true
  })

  useLayoutEffect(() => {
    keepPlace.current?.()
    keepPlace.current = null
    if (all.length === 0) return
    shown.current = new Set(ids)
    isFilling.value = left > 0 && sent.current === 0 && (isFilling.peek() || known < 0)
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
      next.value = all[left - 1] as string
    }
    if (isFilling.value) {
      return nextTurn(() => {
        if (isShort(list.current, area.current)) showNext()
        else isFilling.value = false
      })
    }
    return whenIdle(() => {
      keepPlace.current = hold("first")
      showNext()
    })
  }, [all, left, isFilling.value])

  return {
    ids,
    isWhole: left === 0,
    isFilling: isFilling.value && left > 0 && sent.current === 0,
    showAll() {
      isAllWanted.value = true
    },
  }
}

const isShort = (list: HTMLElement | null, area: HTMLElement | null) =>
  list !== null && area !== null && list.scrollHeight < area.clientHeight + SPARE_PX
