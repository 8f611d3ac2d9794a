import { useLayoutEffect, useRef } from "preact/hooks"
import type { Message } from "../api/client.ts"
import { t } from "../i18n/index.ts"
import { isComposing, isTouched } from "../ui/keys.ts"
import type { Thread } from "./open-thread.ts"
import { changeInLine, isInLine } from "./queue.ts"

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
  useLayoutEffect(() => {
    field.current?.focus()
    field.current?.setSelectionRange(message.content.length, message.content.length)
  }, [message.content.length])

  function submit(event: Event) {
    event.preventDefault()
    const text = field.current?.value.trim() ?? ""
    if (text === "") return
    onDone()
    if (text === message.content) return
    if (isInLine(thread, message.id)) return void changeInLine(thread, message, text)
    const attachments = message.attachments.flatMap(({ id }) => (id === null ? [] : [id]))
    void thread.send({ text, attachments, parentId: message.parentId })
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
