import { signal } from "@preact/signals"
import { prepareFormats } from "../i18n/index.ts"
import { nextTurn, whenQuiet } from "../ui/turn.ts"

/** Where a pointer can hover, a reply's facts are in sight only while it is over the reply. */
const isHovering = matchMedia("(hover: hover)").matches

/** Whether replies are to have numbers and times among their facts. */
export const areFactsWanted = signal(!isHovering)

/**
 * Makes the first format while messages are on their way where facts are always in sight, and otherwise when the page is
 * quiet or somebody looks: it takes its time, and would keep the messages waiting.
 */
export function prepareFacts(): void {
  if (isHovering) whenQuiet(wantFacts)
  else nextTurn(prepareFormats)
}

/** Has all facts shown once a pointer moves or the focus is on a reply. */
export function onLook({ target }: Event): void {
  if (target instanceof Element && target.closest(".reply")) wantFacts()
}

function wantFacts(): void {
  prepareFormats()
  areFactsWanted.value = true
}
