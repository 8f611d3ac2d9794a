import { signal } from "@preact/signals"
import { t } from "../i18n/index.ts"
import { tell } from "../ui/toasts.ts"
import type { Thread } from "./open-thread.ts"

/** The conversation that Ctrl/⌘ P prints. */
export const printed = signal<Thread | null>(null)

/** Prints all of a conversation: what isn't loaded yet is, first. */
export async function printAll(thread: Thread): Promise<void> {
  if (thread.isDetached.peek()) await thread.load()
  for (let query = thread.older.peek(); query; ) {
    await thread.loadOlder({ isWhole: true })
    // The same again: it couldn't be loaded.
    if (thread.older.peek() === query) return tell(t.common.unreachable)
    query = thread.older.peek()
  }
  // What was loaded is rendered in a task of its own.
  await new Promise((resolve) => setTimeout(resolve))
  print()
}

export function onPrintKey(event: KeyboardEvent): void {
  const { value: thread } = printed
  if (!thread || event.key.toLowerCase() !== "p" || !(event.ctrlKey || event.metaKey)) return
  if (event.shiftKey || event.altKey) return
  event.preventDefault()
  void printAll(thread)
}
