/** How what is scrolled stands, in px. */
export interface ScrollState {
  /** How much of it is above the window. */
  top: number
  /** How high all of it is. */
  height: number
  /** How high the window is. */
  shown: number
}

/** As close to the end as counts as there. */
const NEAR_PX = 64

/** Less than this is the browser's rounding. */
const LEAST_MOVE_PX = 1

export const isNearEnd = ({ top, height, shown }: ScrollState) => height - top - shown < NEAR_PX

/**
 * Where a reader has gone between two looks at what is scrolled, in which text may have come or gone as well: to the end,
 * away from it, or nowhere that matters (null).
 * @param hasActed whether they have touched, turned or pressed something just before
 */
export function readerMove(
  before: ScrollState,
  now: ScrollState,
  hasActed: boolean,
): "to end" | "away" | null {
  const moved = now.top - before.top
  const isNear = isNearEnd(now)
  // Text that grows moves nothing. Where there is less of it, or a higher window, the browser moves up, but only to the end.
  const isBrowsers = (now.height < before.height || now.shown > before.shown) && (isNear || moved > -NEAR_PX)
  if (moved <= -LEAST_MOVE_PX && !isBrowsers) {
    // There may be more text again before anybody looks, so a little way counts only if the reader has done something.
    const above = before.height - before.shown - now.top
    if (above >= (hasActed ? LEAST_MOVE_PX : NEAR_PX)) return "away"
    return null
  }
  return isNear && Math.abs(moved) >= LEAST_MOVE_PX ? "to end" : null
}
