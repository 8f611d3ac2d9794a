import { signal } from "@preact/signals"
import { prepareFormats } from "../i18n/index.ts"
import { nextTurn, whenQuiet } from "../ui/turn.ts"

/** Where a pointer hovers, a reply's facts are in sight while it is over the reply. */
const isHovering = matchMedia("(hover: hover)").matches

/** Whether replies are to have numbers and times among their facts. */
export const areFactsWanted = signal(!isHovering)

/**
 * Has formats made while messages are on their way where they are in sight with them, and otherwise when the page is quiet, or
 * somebody looks: the first takes its time, and would keep the messages waiting.
 */
export function prepareFacts(): void {
  if (isHovering) whenQuiet(wantFacts)
  else nextTurn(prepareFormats)
}

/** Somebody looks at a reply. */
export function onLook({ target }: Event): void {
  if (target instanceof Element && target.closest(".reply")) wantFacts()
}

function wantFacts(): void {
  areFactsWanted.value = true
}
