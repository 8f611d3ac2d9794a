import { useSignal } from "@preact/signals"
import { useEffect, useRef } from "preact/hooks"
import { isNearEnd, readerMove, type ScrollState } from "./reader-move.ts"
import { placeOf, putPlace, type ReadingPlace, readingPlace } from "./reading-place.ts"

export type StickyScroll = ReturnType<typeof useStickyScroll>

/** A reader's inputs, and how long a scroll may run on after the last. */
const INPUTS = ["wheel", "touchmove", "keydown", "pointerdown"]
const AFTER_INPUT_MS = 1_000

/** What is around a place that is kept has its height by then. */
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
  const last = useRef({ top: 0, height: 0, shown: 0, width: 0 })
  const inputAt = useRef(Number.NEGATIVE_INFINITY)
  /** When the reader wanted to be at the end, and has done nothing since. */
  const jumpedAt = useRef(Number.NEGATIVE_INFINITY)
  /** What the reader sees at the top, away from the end. */
  const read = useRef<ReadingPlace | null>(null)
  /** What is put into its place again and again for a while. */
  const kept = useRef<{ place: ReadingPlace; at: number } | null>(null)

  useEffect(() => {
    const { current: scrolled } = area
    if (!scrolled || !content.current) return
    const resized = new ResizeObserver(stay)
    resized.observe(content.current)
    resized.observe(scrolled)
    const note = () => {
      inputAt.current = performance.now()
      jumpedAt.current = Number.NEGATIVE_INFINITY
    }
    for (const input of INPUTS) scrolled.addEventListener(input, note, { passive: true })
    return () => {
      resized.disconnect()
      for (const input of INPUTS) scrolled.removeEventListener(input, note)
    }
  })

  /** Scrolls to the end if that is where the reader is. */
  function stay() {
    if (keptPlace()) return putKept()
    noteMove()
    if (isStuck.current) toEnd()
  }

  /**
   * Notes where the reader went. Called also before anything else moves what is scrolled: the browser tells of a movement in the
   * next frame, too late to tell it from a movement by the page.
   */
  function noteMove() {
    const { current: scrolled } = area
    if (!scrolled) return
    const before = last.current
    const now = stateOf(scrolled)
    last.current = now
    if (isKept(before, now)) return
    // All lines break elsewhere, as on a phone that is turned: what was read is somewhere else.
    if (now.width !== before.width && !isStuck.current && read.current) return keep(read.current)
    const to = isPart() ? "away" : readerMove(before, now, isRecent(inputAt.current))
    // A scroll that had begun before the jump runs on.
    if (to === "away" && isRecent(jumpedAt.current)) return toEnd()
    if (to !== null) setStuck(to === "to end")
    isAtEnd.value = isStuck.current || isNearEnd(now)
    if (!isStuck.current) read.current = readingPlace(scrolled)
  }

  function toEnd() {
    const { current: scrolled } = area
    kept.current = null
    setStuck(true)
    isAtEnd.value = true
    if (!scrolled) return
    scrolled.scrollTop = scrolled.scrollHeight
    last.current = stateOf(scrolled)
  }

  /** Scrolls to the end because the reader wants it. */
  function jump() {
    // The end of a part isn't one to stay at.
    if (!isPart()) jumpedAt.current = performance.now()
    toEnd()
  }

  /** Leaves the end, to show something else. */
  function leaveEnd() {
    setStuck(false)
  }

  /** Brings what is looked for into the middle, and keeps it there as `keep` does. */
  function show(element: Element) {
    if (area.current) keep({ element, share: 0.5, below: area.current.clientHeight / 2 })
  }

  /**
   * Puts something into its place, and again when what is above it gets another height, as messages do that were out of sight,
   * until the reader does something.
   */
  function keep(place: ReadingPlace) {
    setStuck(false)
    read.current = place
    kept.current = { place, at: performance.now() }
    putKept()
  }

  /** Whether a place is still kept. Where nothing but what is scrolled has moved, it was the reader, by whatever means. */
  function isKept(before: ScrollState, now: ScrollState): boolean {
    const isGrown = now.height !== before.height || now.shown !== before.shown
    if (!isGrown && Math.abs(now.top - before.top) >= 1) kept.current = null
    return keptPlace() !== null
  }

  function keptPlace(): ReadingPlace | null {
    if (!kept.current) return null
    const { place, at } = kept.current
    if (inputAt.current > at || performance.now() - at > SETTLED_MS) kept.current = null
    return kept.current && place
  }

  function putKept() {
    const place = keptPlace()
    if (!place || !area.current) return
    putPlace(area.current, place)
    last.current = stateOf(area.current)
    isAtEnd.value = isNearEnd(last.current)
  }

  /** Stays at the end from now on, if that is in sight and there is nothing after it. */
  function stayAtEnd() {
    const { top, height, shown } = last.current
    if (isPart() || height - top - shown >= 1) return
    kept.current = null
    setStuck(true)
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
    const messages = scrolled.querySelectorAll("article.message")
    const held = messages[which === "first" ? 0 : messages.length - 1]
    const place = held && placeOf(scrolled, held)
    return () => {
      if (place) putPlace(scrolled, place)
      last.current = stateOf(scrolled)
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
    toEnd: jump,
    leaveEnd,
    show,
    keep,
    stayAtEnd,
    hold,
  }
}

const isRecent = (at: number) => performance.now() - at < AFTER_INPUT_MS

/** A bounce over the end, of which Safari tells, isn't a place. */
const stateOf = ({ scrollTop, scrollHeight, clientHeight, clientWidth }: HTMLElement) => ({
  top: Math.min(scrollTop, scrollHeight - clientHeight),
  height: scrollHeight,
  shown: clientHeight,
  width: clientWidth,
})
