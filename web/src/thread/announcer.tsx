import { useSignal, useSignalEffect } from "@preact/signals"
import { t } from "../i18n/index.ts"
import { isFinal, type Thread } from "./open-thread.ts"

/** Reads a growing reply to who can't see it, sentence by sentence. */
export function Announcer({ thread }: { thread: Thread }) {
  const said = useSignal("")
  const from = useSignal({ id: "", length: 0 })
  useSignalEffect(() => {
    const id = thread.branch.value.at(-1)
    if (id === undefined) return
    const message = thread.message(id).value
    if (message.role === "user") return
    const start = from.peek().id === id ? from.peek().length : 0
    if (isFinal(message)) {
      if (from.peek().id !== id) return
      said.value = `${message.content.slice(start)} ${t.thread.ended}`
      from.value = { id: "", length: 0 }
      return
    }
    const { text } = thread.live.of(id).value
    const end = start + lastSentenceEnd(text.slice(start))
    if (from.peek().id === id && end <= start) return
    said.value = end > start ? text.slice(start, end) : t.thread.started
    from.value = { id, length: Math.max(end, 0) }
  })
  return (
    <div class="unseen" aria-live="polite">
      {said.value}
    </div>
  )
}

function lastSentenceEnd(text: string): number {
  return Math.max(...[". ", "! ", "? ", "\n", "。"].map((end) => text.lastIndexOf(end) + 1))
}
