import type { Message } from "../api/client.ts"
import { Icon } from "../ui/icons.tsx"

/** The files that a prompt names. */
export function AttachmentList({
  attachments,
}: {
  attachments: Pick<Message["attachments"][number], "id" | "name">[]
}) {
  if (attachments.length === 0) return null
  return (
    <ul class="files">
      {attachments.map(({ id, name }, index) => (
        <li key={id ?? index}>
          <Icon name="attach" />
          <span dir="auto">{name}</span>
        </li>
      ))}
    </ul>
  )
}
