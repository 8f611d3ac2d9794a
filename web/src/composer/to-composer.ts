import { isTouched } from "../ui/keys.ts"

/** Moves the focus on from what goes: to the field, or to the page on a phone, where the field would bring the keyboard. */
export function toComposer(): void {
  const next = isTouched() ? "main" : ".composer textarea"
  document.querySelector<HTMLElement>(next)?.focus({ preventScroll: true })
}
