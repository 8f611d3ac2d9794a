import type { Chatroom } from "../api/client.ts"
import { t } from "../i18n/index.ts"
import { Icon } from "../ui/icons.tsx"
import { change } from "./room-actions.ts"

/** Says of a room in the archive that it is there, and offers to take it out. */
export function ArchivedNote({ room }: { room: Chatroom }) {
  return (
    <p class="temporary-note">
      <Icon name="archive" />
      <span>{t.rooms.isArchived}</span>
      <button type="button" class="link" onClick={() => void change(room, { archived: false })}>
        {t.rooms.unarchive}
      </button>
    </p>
  )
}
