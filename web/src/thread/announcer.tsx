import { useSignal, useSignalEffect } from "@preact/signals"
import type { Message } from "../api/client.ts"
import { t } from "../i18n/index.ts"
import type { Thread } from "./open-thread.ts"
import { isFinal } from "./shown.ts"

/** Which reply is being read out, how far, and whether any of it has come. */
const NOTHING = { id: "", length: 0, hasBegun: false }

/** Reads a growing reply to who can't see it, sentence by sentence. */
export function Announcer({ thread }: { thread: Thread }) {
  const said = useSignal("")
  const from = useSignal(NOTHING)
  useSignalEffect(() => {
    const id = thread.branch.value.at(-1)
    if (id === undefined) return
    const message = thread.message(id).value
    if (message.role === "user") return
    const start = from.peek().id === id ? from.peek().length : 0
    if (isFinal(message)) {
      if (from.peek().id !== id) return
      said.value = `${message.content.slice(start)} ${endOf(message)}`
      from.value = NOTHING
      return
    }
    const { text } = thread.live.of(id).value
    const end = start + lastSentenceEnd(text.slice(start))
    const hasBegun = from.peek().id === id && from.peek().hasBegun
    if (hasBegun && end <= start) return
    if (text !== "") said.value = end > start ? text.slice(start, end) : t.thread.started
    from.value = { id, length: Math.max(end, 0), hasBegun: text !== "" }
  })
  return (
    <div class="unseen" aria-live="polite">
      {said.value}
    </div>
  )
}

function endOf({ status, error }: Message): string {
  if (status === "cancelled") return t.thread.stopped
  if (status === "completed") return t.thread.ended
  return t.codes.failures[error?.code ?? ""] ?? error?.message ?? t.thread.failure
}

function lastSentenceEnd(text: string): number {
  return Math.max(...[". ", "! ", "? ", "\n", "。"].map((end) => text.lastIndexOf(end) + 1))
}
