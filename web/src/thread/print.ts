import { batch, signal } from "@preact/signals"
import { t } from "../i18n/index.ts"
import { tell } from "../ui/toasts.ts"
import type { Thread } from "./open-thread.ts"

/** The conversation that Ctrl/⌘ P prints. */
export const printed = signal<Thread | null>(null)

/** Whether a conversation is being loaded to be printed. */
export const isPreparing = signal(false)

/** Prints all of a conversation: what isn't loaded yet is, first, and goes after it. */
export async function printAll(thread: Thread): Promise<void> {
  if (isPreparing.peek()) return
  isPreparing.value = true
  const isWhole = await loadAll(thread).finally(() => {
    isPreparing.value = false
  })
  if (!isWhole) return tell(t.common.unreachable)
  // What was loaded is rendered in a task of its own.
  await new Promise((resolve) => setTimeout(resolve))
  print()
}

/** @returns whether all of it is there */
async function loadAll(thread: Thread): Promise<boolean> {
  if (thread.isDetached.peek()) await thread.load()
  const [first] = thread.branch.peek()
  const before = thread.older.peek()
  for (let query = thread.older.peek(); query; ) {
    await thread.loadOlder({ isWhole: true })
    // The same again: it couldn't be loaded.
    if (thread.older.peek() === query) return false
    query = thread.older.peek()
  }
  const trim = () => {
    const at = first === undefined ? -1 : thread.branch.peek().indexOf(first)
    if (at < 1) return
    batch(() => {
      thread.branch.value = thread.branch.peek().slice(at)
      thread.older.value = before
    })
  }
  addEventListener("afterprint", trim, { once: true })
  return true
}

export function onPrintKey(event: KeyboardEvent): void {
  const { value: thread } = printed
  if (!thread || event.key.toLowerCase() !== "p" || !(event.ctrlKey || event.metaKey)) return
  if (event.shiftKey || event.altKey) return
  event.preventDefault()
  void printAll(thread)
}
