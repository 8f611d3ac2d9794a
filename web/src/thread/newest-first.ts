import { useSignal, useSignalEffect } from "@preact/signals"
import type { RefObject } from "preact"
import { useEffect, useLayoutEffect, useRef } from "preact/hooks"
import { holdPlace } from "./hold-place.ts"
import type { Thread } from "./open-thread.ts"
import { isPreparing } from "./print.ts"

/** So many messages fill most windows. The others come in turns, when the page has time. */
const FIRST = 6
const TURN = 2

/** Idle time that doesn't come is taken. */
const PATIENCE_MS = 100

/** A window that is filled by no more than this may show what comes above. */
const SPARE_PX = 200

/**
 * The messages to show: the newest of a conversation at once, those above them one after the other, so that a long one can be
 * read, scrolled and answered while it is still being written into the page. What is in sight stays where it is.
 */
export function useNewestFirst(thread: Thread, area: RefObject<HTMLElement | null>) {
  const waiting = useSignal(Number.POSITIVE_INFINITY)
  const keepPlace = useRef<(() => void) | null>(null)
  const all = thread.branch.value
  const left = Math.max(Math.min(waiting.value, all.length - FIRST), 0)

  // Paper shows all.
  useSignalEffect(() => {
    if (isPreparing.value) waiting.value = 0
  })

  useLayoutEffect(() => {
    keepPlace.current?.()
    keepPlace.current = null
    if (all.length === 0) return
    if (left === 0) waiting.value = 0
    else if (area.current && isShort(area.current)) waiting.value = left - TURN
  })

  useEffect(() => {
    if (left === 0) return
    return whenIdle(() => {
      if (area.current) keepPlace.current = holdPlace(area.current, "first")
      waiting.value = left - TURN
    })
  }, [left])

  return {
    ids: left > 0 ? all.slice(left) : all,
    isWhole: left === 0,
    showAll() {
      waiting.value = 0
    },
  }
}

const isShort = ({ scrollHeight, clientHeight }: HTMLElement) => scrollHeight < clientHeight + SPARE_PX

/** @returns takes it back */
function whenIdle(run: () => void): () => void {
  // Safari has no word for idle time.
  if (!("requestIdleCallback" in window)) {
    const timer = setTimeout(run, 0)
    return () => clearTimeout(timer)
  }
  const waiting = requestIdleCallback(run, { timeout: PATIENCE_MS })
  return () => cancelIdleCallback(waiting)
}
