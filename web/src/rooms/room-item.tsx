import { useSignal } from "@preact/signals"
import { useLayoutEffect, useRef } from "preact/hooks"
import type { Chatroom } from "../api/client.ts"
import { t } from "../i18n/index.ts"
import { place, toRoom } from "../router.ts"
import { Icon } from "../ui/icons.tsx"
import { isComposing } from "../ui/keys.ts"
import { Menu } from "../ui/menu.tsx"
import { change, roomActions } from "./room-actions.ts"
import { isUnread } from "./unread.ts"

/** A room in the list, which can be renamed in its place. */
export function RoomItem({ room }: { room: Chatroom }) {
  const isRenaming = useSignal(false)
  const shown = place.value
  const isOpen = shown.at === "room" && shown.id === room.id
  const actions = roomActions(room, () => (isRenaming.value = true))
  const item = useRef<HTMLLIElement>(null)
  function endRenaming(byKey: boolean) {
    isRenaming.value = false
    if (byKey) requestAnimationFrame(() => item.current?.querySelector("button")?.focus())
  }
  if (isRenaming.value) return <Renaming room={room} onDone={endRenaming} />
  return (
    <li ref={item} class={`room ${isOpen ? "open" : ""}`}>
      <a href={toRoom(room.id)} data-inside aria-current={isOpen ? "page" : undefined}>
        <span class="name" dir="auto">
          {room.name}
        </span>
        {room.temporary && (
          <span class="temporary-sign" role="img" aria-label={t.settings.temporary}>
            <Icon name="clock" />
          </span>
        )}
        {isUnread(room.id) && <span class="unread" role="img" aria-label={t.rooms.unread} />}
      </a>
      <Menu label={t.rooms.options(room.name)} items={actions} />
    </li>
  )
}

function Renaming({ room, onDone }: { room: Chatroom; onDone: (byKey: boolean) => void }) {
  const input = useRef<HTMLInputElement>(null)
  useLayoutEffect(() => {
    input.current?.focus()
    input.current?.select()
  }, [])
  const isOver = useRef(false)

  function end(name: string | null, byKey = true) {
    if (isOver.current) return
    isOver.current = true
    onDone(byKey)
    if (name && name !== room.name) void change(room, { name })
  }
  return (
    <li class="room renaming">
      <input
        ref={input}
        aria-label={t.rooms.name}
        defaultValue={room.name}
        maxLength={100}
        onBlur={({ currentTarget }) => end(currentTarget.value.trim(), false)}
        onKeyDown={(event) => {
          if (isComposing(event)) return
          const { key, currentTarget } = event
          if (key === "Enter") end(currentTarget.value.trim())
          if (key === "Escape") end(null)
        }}
      />
    </li>
  )
}
