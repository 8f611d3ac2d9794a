import { useLayoutEffect, useRef } from "preact/hooks"
import type { Message } from "../api/client.ts"
import { t } from "../i18n/index.ts"
import { IconButton } from "../ui/icon-button.tsx"
import { AttachmentList } from "./attachment-list.tsx"
import { CopyButton } from "./copy-button.tsx"
import { edit, editForm } from "./edit.ts"
import type { Thread } from "./open-thread.ts"
import { Versions } from "./versions.tsx"

/** What the user has said. Editing it makes another version, with a reply of its own. */
export function PromptView({ thread, message }: { thread: Thread; message: Message }) {
  const place = useRef<HTMLElement>(null)
  const { value: EditForm } = editForm
  const isEditing = EditForm !== null && thread.editing.value === message.id
  useLayoutEffect(() => {
    if (!isEditing) return
    return () => {
      // The field had it.
      const button = place.current?.querySelector<HTMLElement>(".actions > :last-child")
      if (document.activeElement === document.body) button?.focus({ preventScroll: true })
    }
  }, [isEditing])
  return (
    <article ref={place} class="message prompt" data-id={message.id} aria-label={t.thread.you}>
      {isEditing ? (
        <EditForm thread={thread} message={message} onDone={() => (thread.editing.value = null)} />
      ) : (
        <>
          <AttachmentList attachments={message.attachments} />
          {message.content !== "" && (
            <p class="said" dir="auto">
              {message.content}
            </p>
          )}
          <div class="actions">
            <Versions thread={thread} message={message} />
            <CopyButton label={t.thread.copyPrompt} text={() => message.content} />
            <IconButton icon="edit" label={t.thread.edit} onClick={() => void edit(thread, message.id)} />
          </div>
        </>
      )}
    </article>
  )
}
