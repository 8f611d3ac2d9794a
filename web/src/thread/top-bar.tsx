import { useSignal } from "@preact/signals"
import type { ComponentChildren } from "preact"
import { useRef } from "preact/hooks"
import type { Chatroom } from "../api/client.ts"
import { t } from "../i18n/index.ts"
import { isListShown, showList } from "../rooms/list-drawer.ts"
import { change, roomActions } from "../rooms/room-actions.ts"
import { IconButton } from "../ui/icon-button.tsx"
import { Menu, type MenuItem } from "../ui/menu.tsx"

/** The name of the conversation and what can be done with it. */
export function TopBar({
  room,
  more = [],
  children,
}: {
  room?: Chatroom | undefined
  more?: MenuItem[]
  children?: ComponentChildren
}) {
  const isRenaming = useSignal(false)
  const bar = useRef<HTMLElement>(null)
  function endRenaming() {
    isRenaming.value = false
    requestAnimationFrame(() => bar.current?.querySelector<HTMLElement>("[aria-haspopup=menu]")?.focus())
  }
  return (
    <header class="top-bar" ref={bar}>
      <IconButton
        icon="menu"
        label={t.rooms.show}
        class="narrow-only"
        aria-controls="rooms"
        aria-expanded={isListShown.value}
        data-shows-rooms
        onClick={showList}
      />
      {room && !isRenaming.value && (
        <>
          <h1 dir="auto">{room.name}</h1>
          <Menu
            label={t.rooms.options(room.name)}
            items={roomActions(room, () => (isRenaming.value = true), more)}
          />
        </>
      )}
      {room && isRenaming.value && (
        <form
          class="rename"
          onSubmit={(event) => {
            event.preventDefault()
            const name = String(new FormData(event.currentTarget).get("name")).trim()
            endRenaming()
            if (name && name !== room.name) void change(room, { name })
          }}
        >
          <input
            name="name"
            aria-label={t.rooms.name}
            defaultValue={room.name}
            maxLength={100}
            ref={(input) => input?.focus()}
            onKeyDown={({ key }) => key === "Escape" && endRenaming()}
          />
          <button type="submit" class="link">
            {t.common.save}
          </button>
        </form>
      )}
      {children}
    </header>
  )
}
