import { useSignal } from "@preact/signals"
import { useEffect, useRef } from "preact/hooks"

export type StickyScroll = ReturnType<typeof useStickyScroll>

/** As close to the end as counts as there. */
const NEAR_PX = 64

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

  useEffect(() => {
    const { current: scrolled } = area
    if (!scrolled || !content.current) return
    const keep = () => {
      if (!stay()) isAtEnd.value = isNearEnd(scrolled)
    }
    const resized = new ResizeObserver(keep)
    resized.observe(content.current)
    resized.observe(scrolled)
    return () => resized.disconnect()
  })

  /** Scrolls to the end if that is where the reader is. @returns whether it is */
  function stay(): boolean {
    const { current: scrolled } = area
    if (!scrolled || !isStuck.current || isPart()) return false
    scrolled.scrollTop = scrolled.scrollHeight
    last.current = placeOf(scrolled)
    return true
  }

  function onScroll() {
    const { current: scrolled } = area
    if (!scrolled) return
    const isNear = isNearEnd(scrolled)
    const { top, height, shown } = last.current
    last.current = placeOf(scrolled)
    // Only a movement upwards is the reader's: text that grows moves nothing. And where the text above or the field below
    // has another height, it is the browser's.
    const isReaders = last.current.height === height && last.current.shown === shown
    if (isReaders && last.current.top < top - 2 && !isNear) isStuck.current = false
    if (isNear && !isPart()) isStuck.current = true
    isAtEnd.value = isStuck.current || isNear
  }

  function toEnd() {
    isStuck.current = true
    isAtEnd.value = true
    if (area.current) area.current.scrollTop = area.current.scrollHeight
  }

  /** Leaves the end, to show something else. */
  function leaveEnd() {
    isStuck.current = false
  }

  return { area, content, isAtEnd, onScroll, stay, toEnd, leaveEnd }
}

const placeOf = ({ scrollTop, scrollHeight, clientHeight }: HTMLElement) => ({
  top: scrollTop,
  height: scrollHeight,
  shown: clientHeight,
})

function isNearEnd({ scrollHeight, scrollTop, clientHeight }: HTMLElement): boolean {
  return scrollHeight - scrollTop - clientHeight < NEAR_PX
}
