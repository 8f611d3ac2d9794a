import type { JSX } from "preact"
import type { Chatroom } from "../api/client.ts"
import { t } from "../i18n/index.ts"
import { Icon } from "../ui/icons.tsx"
import { RoomItem } from "./room-item.tsx"
import { activeAt, archivedRooms, isArchiveOpen, toggleArchive } from "./rooms.ts"

/** The rooms under headings: pinned ones, then by how long ago something was said. */
export function Groups({ rooms, item }: { rooms: Chatroom[]; item: (room: Chatroom) => JSX.Element }) {
  const groups = Map.groupBy(rooms, groupOf)
  return (
    <>
      {[...groups].map(([name, members]) => (
        <section key={name} aria-label={t.rooms[name]}>
          <h2>{t.rooms[name]}</h2>
          <ul>{members.map(item)}</ul>
        </section>
      ))}
    </>
  )
}

const DAY_MS = 24 * 60 * 60 * 1000

function groupOf(room: Chatroom): "pinned" | "today" | "week" | "older" {
  if (room.pinned) return "pinned"
  const midnight = new Date().setHours(0, 0, 0, 0)
  const at = new Date(activeAt(room)).getTime()
  if (at >= midnight) return "today"
  return at >= midnight - 7 * DAY_MS ? "week" : "older"
}

/** Archived rooms, loaded when they are asked for. */
export function ArchivedRooms() {
  const isOpen = isArchiveOpen.value
  return (
    <section class="archived">
      <button type="button" class="fold" aria-expanded={isOpen} onClick={toggleArchive}>
        <Icon name="right" />
        {t.rooms.archived}
      </button>
      {isOpen && archivedRooms.value.length === 0 && <p class="note">{t.rooms.noneArchived}</p>}
      {isOpen && (
        <ul>
          {archivedRooms.value.map((room) => (
            <RoomItem key={room.id} room={room} />
          ))}
        </ul>
      )}
    </section>
  )
}
