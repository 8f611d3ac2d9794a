import type { StickyScroll } from "./use-sticky-scroll.ts"

/** What is scrolled, with the messages in it. */
export interface View extends StickyScroll {
  /** Doesn't wait any longer with messages that aren't in sight. */
  showAll(): void
}

/** Puts what is shown next into its place, before it is seen. @returns whether that is done */
export type Arrange = (view: View) => boolean
