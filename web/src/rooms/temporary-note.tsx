import type { Chatroom } from "../api/client.ts"
import { formatMoment, t } from "../i18n/index.ts"
import { Icon } from "../ui/icons.tsx"
import { change } from "./room-actions.ts"

const KEPT_MS = 24 * 60 * 60 * 1000

/** Says of a temporary room when it goes, and offers to keep it. */
export function TemporaryNote({ room }: { room: Chatroom }) {
  return (
    <p class="temporary-note">
      <Icon name="clock" />
      <span>{wordsFor(room)}</span>
      <button type="button" class="link" onClick={() => void change(room, { temporary: false })}>
        {t.rooms.keep}
      </button>
    </p>
  )
}

/** A room that was made temporary later than its last message has a day from then on, which isn't told here. */
function wordsFor({ lastMessageAt, createdAt }: Chatroom): string {
  const goesAt = new Date(lastMessageAt ?? createdAt).getTime() + KEPT_MS
  return goesAt > Date.now() ? t.rooms.goesAt(formatMoment(new Date(goesAt).toISOString())) : t.rooms.goesSoon
}
