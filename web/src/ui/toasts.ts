import { signal } from "@preact/signals"

export interface Toast {
  id: number
  text: string
  /** Something to do about it. */
  action?: { label: string; run(): void }
  /** Called when it goes away without its action. */
  onGone?: () => void
}

export const toasts = signal<Toast[]>([])

const SHOWN_MS = 7_000
/** After the pointer or the focus has left it. */
const LEFT_MS = 3_000
let lastId = 0

/** Shows a line for some seconds, and longer while somebody is at it. */
export function tell(text: string, more: Pick<Toast, "action" | "onGone"> = {}): void {
  const toast = { id: ++lastId, text, ...more }
  // The same again is shown once, for as long as the newest of them.
  const others = toasts.value.filter((shown) => shown.text !== text || shown.action || shown.onGone)
  toasts.value = [...others, toast]
  setTimeout(() => expire(toast), SHOWN_MS)
}

export const toastId = ({ id }: Toast) => `toast-${id}`

function expire(toast: Toast): void {
  if (document.getElementById(toastId(toast))?.matches(":hover, :focus-within"))
    setTimeout(() => expire(toast), LEFT_MS)
  else dismiss(toast)
}

/** Takes a line away; `acted`: because its action was chosen. */
export function dismiss(toast: Toast, { acted = false } = {}): void {
  if (!toasts.value.some(({ id }) => id === toast.id)) return
  toasts.value = toasts.value.filter(({ id }) => id !== toast.id)
  if (acted) toast.action?.run()
  else toast.onGone?.()
}

/** What waits for a line to go is done now: the page is about to close. */
addEventListener("pagehide", () => {
  for (const toast of toasts.value) dismiss(toast)
})
