import { useSignal } from "@preact/signals"
import type { Chatroom } from "../api/client.ts"
import { t } from "../i18n/index.ts"
import { isListShown, showList } from "../rooms/list-drawer.ts"
import { change, roomActions } from "../rooms/room-actions.ts"
import { IconButton } from "../ui/icon-button.tsx"
import { Menu } from "../ui/menu.tsx"

/** The name of the conversation and what can be done with it. */
export function TopBar({ room }: { room?: Chatroom | undefined }) {
  const isRenaming = useSignal(false)
  return (
    <header class="top-bar">
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
            items={roomActions(room, () => (isRenaming.value = true))}
          />
        </>
      )}
      {room && isRenaming.value && (
        <form
          class="rename"
          onSubmit={(event) => {
            event.preventDefault()
            const name = String(new FormData(event.currentTarget).get("name")).trim()
            isRenaming.value = false
            if (name && name !== room.name) void change(room, { name })
          }}
        >
          <input
            name="name"
            aria-label={t.rooms.name}
            defaultValue={room.name}
            maxLength={100}
            ref={(input) => input?.focus()}
            onKeyDown={({ key }) => key === "Escape" && (isRenaming.value = false)}
          />
          <button type="submit" class="link">
            {t.common.save}
          </button>
        </form>
      )}
    </header>
  )
}
