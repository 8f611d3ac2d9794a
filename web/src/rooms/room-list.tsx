import { useSignalEffect } from "@preact/signals"
import { useRef } from "preact/hooks"
import { t } from "../i18n/index.ts"
import { place, toAccount, toNew } from "../router.ts"
import { user } from "../state/session.ts"
import { openDialog } from "../ui/dialogs.tsx"
import { IconButton } from "../ui/icon-button.tsx"
import { Icon } from "../ui/icons.tsx"
import { hideList, isListShown, isNarrow } from "./list-drawer.ts"
import { ArchivedRooms, Groups } from "./room-groups.tsx"
import { RoomItem } from "./room-item.tsx"
import { listState, loadRooms, rooms } from "./rooms.ts"

/** The list of conversations: beside the conversation, or over it on a narrow screen. */
export function RoomList() {
  const nav = useRef<HTMLElement>(null)
  const isHidden = isNarrow.value && !isListShown.value
  useSignalEffect(() => {
    place.value
    hideList()
  })
  return (
    <>
      {isNarrow.value && isListShown.value && (
        <button type="button" class="scrim" tabIndex={-1} aria-label={t.rooms.hide} onClick={hideList} />
      )}
      <nav
        ref={nav}
        id="rooms"
        class={`rooms ${isListShown.value ? "shown" : ""}`}
        aria-label={t.rooms.title}
        inert={isHidden}
        onKeyDown={({ key }) => key === "Escape" && hideList()}
      >
        <div class="rooms-head">
          <a
            class="new-chat"
            href={toNew}
            data-inside
            aria-current={place.value.at === "new" ? "page" : undefined}
          >
            <Icon name="plus" />
            {t.rooms.new}
          </a>
          <IconButton icon="search" label={t.rooms.search} onClick={() => openDialog({ what: "search" })} />
          <IconButton icon="close" label={t.rooms.hide} class="narrow-only" onClick={hideList} />
        </div>
        <div class="rooms-scroll">
          <List />
          <ArchivedRooms />
        </div>
        <a
          class="who"
          href={toAccount}
          data-inside
          aria-current={place.value.at === "account" ? "page" : undefined}
          title={t.account.open}
        >
          <Icon name="person" />
          <span>{user.value?.name ?? user.value?.mobileNumber ?? t.account.title}</span>
        </a>
      </nav>
    </>
  )
}

function List() {
  if (listState.value === "failed") {
    return (
      <div class="note">
        <p>{t.rooms.failed}</p>
        <button type="button" class="link" onClick={loadRooms}>
          {t.common.retry}
        </button>
      </div>
    )
  }
  if (listState.value === "loading") return <Waiting />
  if (rooms.value.length === 0) return <p class="note">{t.rooms.none}</p>
  return <Groups rooms={rooms.value} item={(room) => <RoomItem key={room.id} room={room} />} />
}

/** Grey lines where names will be. */
function Waiting() {
  return (
    <div class="waiting" role="status" aria-label={t.common.loading}>
      {["w70", "w50", "w60", "w40"].map((width) => (
        <span key={width} class={width} />
      ))}
    </div>
  )
}
