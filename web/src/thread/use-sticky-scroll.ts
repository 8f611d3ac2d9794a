import { useSignal } from "@preact/signals"
import { useEffect, useRef } from "preact/hooks"
import { holdPlace } from "./hold-place.ts"

export type StickyScroll = ReturnType<typeof useStickyScroll>

/** As close to the end as counts as there. */
const NEAR_PX = 64

/** Less than this is the browser's rounding. */
const LEAST_MOVE_PX = 1

/** A reader's inputs, and how long a scroll may run on after the last. */
const INPUTS = ["wheel", "touchmove", "keydown", "pointerdown"]
const AFTER_INPUT_MS = 1_000

/** What is around a place that was looked for has its height by then. */
const SETTLED_MS = 2_000

/**
 * Keeps the end in sight while the reader is there, and stays where the reader has gone.
 * @param isPart whether what is shown ends before the newest: its end isn't one to stay at
 */
export function useStickyScroll({ isPart }: { isPart(): boolean }) {
  const area = useRef<HTMLDivElement>(null)
  const content = useRef<HTMLDivElement>(null)
  const isAtEnd = useSignal(true)
  const isStuck = useRef(true)
  const last = useRef({ top: 0, height: 0, shown: 0 })
  const inputAt = useRef(Number.NEGATIVE_INFINITY)
  const sought = useRef<{ place: Element; at: number } | null>(null)

  useEffect(() => {
    const { current: scrolled } = area
    if (!scrolled || !content.current) return
    const resized = new ResizeObserver(stay)
    resized.observe(content.current)
    resized.observe(scrolled)
    const note = () => {
      inputAt.current = performance.now()
    }
    for (const input of INPUTS) scrolled.addEventListener(input, note, { passive: true })
    return () => {
      resized.disconnect()
      for (const input of INPUTS) scrolled.removeEventListener(input, note)
    }
  })

  /** Scrolls to the end if that is where the reader is. */
  function stay() {
    noteMove()
    if (isStuck.current) toEnd()
    else showSought()
  }

  /**
   * Notes where the reader went. Called also before anything else moves what is scrolled: the browser tells of a movement in the
   * next frame, too late to tell it from a movement by the page.
   */
  function noteMove() {
    const { current: scrolled } = area
    if (!scrolled) return
    const isNear = isNearEnd(scrolled)
    const before = last.current
    const now = placeOf(scrolled)
    const moved = now.top - before.top
    last.current = now
    // Text that grows moves nothing. Where there is less of it, or a higher window, the browser moves up, but only to the end.
    const isBrowsers =
      (now.height < before.height || now.shown > before.shown) && (isNear || moved > -NEAR_PX)
    // There may be more text again before anybody looks, so a little way counts only if the reader has done something.
    const above = before.height - before.shown - now.top
    const least = performance.now() - inputAt.current < AFTER_INPUT_MS ? LEAST_MOVE_PX : NEAR_PX
    const isUp = moved <= -LEAST_MOVE_PX
    if (isPart() || (isUp && !isBrowsers && above >= least)) setStuck(false)
    else if (isNear && (moved >= LEAST_MOVE_PX || (isUp && isBrowsers))) setStuck(true)
    isAtEnd.value = isStuck.current || isNear
  }

  function toEnd() {
    const { current: scrolled } = area
    sought.current = null
    setStuck(true)
    isAtEnd.value = true
    if (!scrolled) return
    scrolled.scrollTop = scrolled.scrollHeight
    last.current = placeOf(scrolled)
  }

  /** Leaves the end, to show something else. */
  function leaveEnd() {
    setStuck(false)
  }

  /**
   * Brings what is looked for into the middle, and again when what is above it gets another height, as messages do that were
   * out of sight, until the reader does something.
   */
  function show(place: Element) {
    setStuck(false)
    sought.current = { place, at: performance.now() }
    showSought()
  }

  function showSought() {
    if (!sought.current || !area.current) return
    const { place, at } = sought.current
    if (inputAt.current > at || performance.now() - at > SETTLED_MS) sought.current = null
    else place.scrollIntoView({ block: "center" })
    last.current = placeOf(area.current)
  }

  function setStuck(is: boolean) {
    isStuck.current = is
    // At the end nothing but the reader is to move up. Elsewhere scroll anchoring, where there is any, keeps the place.
    if (area.current) area.current.style.overflowAnchor = is ? "none" : ""
  }

  /**
   * Remembers where the first or last message stands, while others come and go around it.
   * @returns puts it there again, or the end into sight if that is where the reader is
   */
  function hold(which: "first" | "last"): () => void {
    const { current: scrolled } = area
    if (!scrolled) return () => {}
    noteMove()
    const put = holdPlace(scrolled, which)
    return () => {
      put()
      last.current = placeOf(scrolled)
      stay()
    }
  }

  return {
    area,
    content,
    isAtEnd,
    isFollowing: () => isStuck.current,
    noteMove,
    stay,
    toEnd,
    leaveEnd,
    show,
    hold,
  }
}

/** A bounce over the end, of which Safari tells, isn't a place. */
const placeOf = ({ scrollTop, scrollHeight, clientHeight }: HTMLElement) => ({
  top: Math.min(scrollTop, scrollHeight - clientHeight),
  height: scrollHeight,
  shown: clientHeight,
})

function isNearEnd({ scrollHeight, scrollTop, clientHeight }: HTMLElement): boolean {
  return scrollHeight - scrollTop - clientHeight < NEAR_PX
}
