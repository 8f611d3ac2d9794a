import { useLayoutEffect, useRef } from "preact/hooks"
import type { Message } from "../api/client.ts"
import { t } from "../i18n/index.ts"
import { IconButton } from "../ui/icon-button.tsx"
import { later } from "../ui/later.tsx"
import { AttachmentList } from "./attachment-list.tsx"
import { CopyButton } from "./copy-button.tsx"
import type { Thread } from "./open-thread.ts"
import { Versions } from "./versions.tsx"

/** The text stays until the form has come. */
const EditForm = later(async () => (await import("./edit-form.tsx")).EditForm, Said)

interface Props {
  thread: Thread
  message: Message
}

/** What the user has said. Editing it makes another version, with a reply of its own. */
export function PromptView({ thread, message }: Props) {
  const place = useRef<HTMLElement>(null)
  const isEditing = thread.editing.value === message.id
  useLayoutEffect(() => {
    if (!isEditing) return
    return () => {
      // The field had it.
      const edit = place.current?.querySelector<HTMLElement>("[data-edit]")
      if (document.activeElement === document.body) edit?.focus({ preventScroll: true })
    }
  }, [isEditing])
  return (
    <article ref={place} class="message prompt" data-id={message.id} aria-label={t.thread.you}>
      {isEditing ? (
        <EditForm thread={thread} message={message} onDone={() => (thread.editing.value = null)} />
      ) : (
        <Said thread={thread} message={message} />
      )}
    </article>
  )
}

function Said({ thread, message }: Props) {
  return (
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
        <IconButton
          icon="edit"
          label={t.thread.edit}
          data-edit
          onClick={() => (thread.editing.value = message.id)}
        />
      </div>
    </>
  )
}
