import { useLayoutEffect, useRef } from "preact/hooks"
import type { StickyScroll } from "./use-sticky-scroll.ts"

/**
 * Gives the messages the focus when the element that had it has gone, so that keys go on scrolling and the tab key isn't back at the
 * page's beginning. Called at every rendering of the messages.
 * @returns what to call with every element in them that gets the focus
 */
export function useLostFocus(area: StickyScroll["area"]): (element: EventTarget | null) => void {
  const last = useRef<EventTarget | null>(null)
  useLayoutEffect(() => {
    if (!(last.current instanceof Element) || last.current.isConnected) return
    last.current = null
    if (document.activeElement === document.body) area.current?.focus({ preventScroll: true })
  })
  return (element) => {
    last.current = element
  }
}
