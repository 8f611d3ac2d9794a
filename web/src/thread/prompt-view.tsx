import type { Message } from "../api/client.ts"
import { t } from "../i18n/index.ts"
import { IconButton } from "../ui/icon-button.tsx"
import { later } from "../ui/later.tsx"
import { AttachmentList } from "./attachment-list.tsx"
import { CopyButton } from "./copy-button.tsx"
import type { Thread } from "./open-thread.ts"
import { Versions } from "./versions.tsx"

const EditForm = later(async () => (await import("./edit-form.tsx")).EditForm)

/** What the user has said. Editing it makes another version, with a reply of its own. */
export function PromptView({ thread, message }: { thread: Thread; message: Message }) {
  const isEditing = thread.editing.value === message.id
  const edit = (id: string | null) => {
    thread.editing.value = id
  }
  return (
    <article class="message prompt" data-id={message.id} aria-label={t.thread.you}>
      {isEditing ? (
        <EditForm thread={thread} message={message} onDone={() => edit(null)} />
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
            <IconButton icon="edit" label={t.thread.edit} onClick={() => edit(message.id)} />
          </div>
        </>
      )}
    </article>
  )
}
