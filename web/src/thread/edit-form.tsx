import { useSignal } from "@preact/signals"
import { useLayoutEffect, useRef } from "preact/hooks"
import type { Message } from "../api/client.ts"
import { isBlank, tooLong } from "../composer/text-length.ts"
import { toComposer } from "../composer/to-composer.ts"
import { t } from "../i18n/index.ts"
import { wordsOf } from "../ui/errors.ts"
import { isComposing, isTouched } from "../ui/keys.ts"
import { tell } from "../ui/toasts.ts"
import { changeInLine, isInLine, sendVersion } from "./edit-prompt.ts"
import type { Thread } from "./open-thread.ts"

export function EditForm({
  thread,
  message,
  onDone,
}: {
  thread: Thread
  message: Message
  onDone: () => void
}) {
  const field = useRef<HTMLTextAreaElement>(null)
  const problem = useSignal<string | null>(null)
  const isBusy = useSignal(false)
  useLayoutEffect(() => {
    field.current?.focus()
    field.current?.setSelectionRange(message.content.length, message.content.length)
  }, [message.content.length])

  function submit(event: Event) {
    event.preventDefault()
    const text = field.current?.value.trim() ?? ""
    problem.value = tooLong(text)
    if (isBlank(text) || problem.value) return
    if (text !== message.content && isInLine(thread, message.id)) return void change(text)
    onDone()
    if (text === message.content) return
    // The outbox keeps the text. The new version replaces this prompt.
    void sendVersion(thread, message, text)
    toComposer()
  }

  /** What was written stays until the service has it. */
  async function change(text: string) {
    if (isBusy.value) return
    isBusy.value = true
    problem.value = null
    try {
      if (!(await changeInLine(thread, message, text))) offerVersion(text)
      onDone()
    } catch (error) {
      problem.value = wordsOf(error)
    } finally {
      isBusy.value = false
    }
  }

  function offerVersion(text: string) {
    const run = () => void sendVersion(thread, message, text)
    tell(t.queue.begun, { action: { label: t.queue.asVersion, run } })
  }

  return (
    <form class="edit" onSubmit={submit}>
      <textarea
        ref={field}
        aria-label={t.thread.editing}
        defaultValue={message.content}
        dir="auto"
        onKeyDown={(event) => {
          if (isComposing(event)) return
          if (event.key === "Escape") onDone()
          if (event.key === "Enter" && !event.shiftKey && !isTouched()) submit(event)
        }}
      />
      {problem.value && (
        <p class="problem" role="alert">
          {problem.value}
        </p>
      )}
      <div class="edit-actions">
        <button type="button" class="link" onClick={onDone}>
          {t.common.cancel}
        </button>
        <button type="submit" class="primary">
          {t.thread.sendEdited}
        </button>
      </div>
    </form>
  )
}
