import { signal } from "@preact/signals"

const narrow = matchMedia("(max-width: 767px)")

/** Whether the list lies over the conversation instead of beside it. */
export const isNarrow = signal(narrow.matches)
narrow.addEventListener("change", ({ matches }) => {
  isNarrow.value = matches
})

export const isListShown = signal(false)

export function showList(): void {
  isListShown.value = true
  requestAnimationFrame(() => document.querySelector<HTMLElement>("#rooms a")?.focus())
}

/** Hides the list on a narrow screen, and gives the focus back if it was there. */
export function hideList(): void {
  if (!isListShown.peek()) return
  const hadFocus = document.getElementById("rooms")?.contains(document.activeElement)
  isListShown.value = false
  if (hadFocus) document.querySelector<HTMLElement>("[data-shows-rooms]")?.focus()
}
