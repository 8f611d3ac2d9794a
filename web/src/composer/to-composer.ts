import { isTouched } from "../ui/keys.ts"

/** Moves the focus off what is about to go: to the field, or on a phone, where that would bring the keyboard, to the page. */
export function toComposer(): void {
  const next = isTouched() ? "main" : ".composer textarea"
  document.querySelector<HTMLElement>(next)?.focus({ preventScroll: true })
}
