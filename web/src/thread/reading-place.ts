/** A point of what is shown, and where it is in the window: what a reader looks at. */
export interface ReadingPlace {
  element: Element
  /** How far down the element the point is, as a share of its height: text that is laid out anew has another. */
  share: number
  /** How far the point is below the top of what is scrolled, in px. */
  below: number
}

/** Where a reader begins to read, and where to look if there is nothing, in px below the top. */
const READ_PX = [8, 48, 96, 160]

/** What a reader sees at the top; null where there is no message. */
export function readingPlace(scrolled: Element): ReadingPlace | null {
  const { top, left, width } = scrolled.getBoundingClientRect()
  for (const below of READ_PX) {
    // A dialog or a note may lie above it.
    const element = document
      .elementsFromPoint(left + width / 2, top + below)
      .find((one) => one.closest(".message") !== null && scrolled.contains(one))
    if (!element) continue
    const box = element.getBoundingClientRect()
    return { element, share: (top + below - box.top) / Math.max(box.height, 1), below }
  }
  return null
}

/** Where an element's beginning stands. */
export function placeOf(scrolled: Element, element: Element): ReadingPlace {
  const below = element.getBoundingClientRect().top - scrolled.getBoundingClientRect().top
  return { element, share: 0, below }
}

/** Scrolls so that the point is where it was, or as near as the ends allow. What isn't rendered is nowhere. */
export function putPlace(scrolled: Element, { element, share, below }: ReadingPlace): void {
  if (element.getClientRects().length === 0) return
  const box = element.getBoundingClientRect()
  scrolled.scrollTop += box.top + share * box.height - scrolled.getBoundingClientRect().top - below
}
