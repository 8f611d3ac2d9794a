import { type Signal, useSignal } from "@preact/signals"
import type { RefObject } from "preact"
import { useLayoutEffect, useRef } from "preact/hooks"

/**
 * A form in a section that is opened by the section's button. Its first field has the focus then, also where `step` brings
 * another one, and the button again when it is closed; but whoever has gone elsewhere meanwhile stays there.
 */
export function useOpenForm(step?: Signal<unknown>): {
  section: RefObject<HTMLElement | null>
  isOpen: Signal<boolean>
} {
  const section = useRef<HTMLElement>(null)
  const isOpen = useSignal(false)
  const isNew = useRef(true)
  useLayoutEffect(() => {
    const { activeElement } = document
    const isHere = activeElement === document.body || section.current?.contains(activeElement)
    if (isHere && !isNew.current)
      section.current?.querySelector<HTMLElement>(isOpen.value ? ".field input" : "button")?.focus()
    isNew.current = false
  }, [isOpen.value, step?.value])
  return { section, isOpen }
}
