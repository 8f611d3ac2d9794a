import type { Chatroom } from "../api/client.ts"
import { t } from "../i18n/index.ts"
import { go, place, toNew, toRoom } from "../router.ts"
import { openDialog } from "../ui/dialogs.tsx"
import { wordsOf } from "../ui/errors.ts"
import type { MenuItem } from "../ui/menu.tsx"
import { tell } from "../ui/toasts.ts"
import { exportRoom } from "./export-room.ts"
import { beginLeaving, changeRoom, confirmLeaving, undoLeaving } from "./rooms.ts"

/** What can be done with a room; `more` where it is shown, too. */
export function roomActions(room: Chatroom, rename: () => void, more: MenuItem[] = []): MenuItem[] {
  const isArchived = room.archivedAt !== null
  return [
    { icon: "edit", label: t.rooms.rename, run: rename },
    {
      icon: "pin",
      label: room.pinned ? t.rooms.unpin : t.rooms.pin,
      run: () => void change(room, { pinned: !room.pinned }),
    },
    {
      icon: "archive",
      label: isArchived ? t.rooms.unarchive : t.rooms.archive,
      run: () => void (isArchived ? change(room, { archived: false }) : archive(room)),
    },
    { icon: "share", label: t.rooms.share, run: () => openDialog({ what: "share", roomId: room.id }) },
    { icon: "save", label: t.rooms.exportMarkdown, run: () => void save(room, "markdown") },
    { icon: "save", label: t.rooms.exportJson, run: () => void save(room, "json") },
    ...more,
    { icon: "trash", label: t.rooms.delete, run: () => remove(room), isGrave: true },
  ]
}

/** Changes a room, and says so if that fails. */
export async function change(room: Chatroom, to: Parameters<typeof changeRoom>[1]): Promise<void> {
  await changeRoom(room, to).catch((error: unknown) => tell(wordsOf(error)))
}

async function save(room: Chatroom, format: "json" | "markdown"): Promise<void> {
  await exportRoom(room, format).catch((error: unknown) => tell(wordsOf(error)))
}

async function archive(room: Chatroom): Promise<void> {
  await change(room, { archived: true })
  const undo = () => void change(room, { archived: false })
  tell(t.rooms.archivedNow(room.name), { action: { label: t.common.undo, run: undo } })
}

/** The room goes out of sight at once, and away for good when the line that offers it back has gone. */
function remove(room: Chatroom): void {
  const shown = place.peek()
  const wasOpen = shown.at === "room" && shown.id === room.id
  beginLeaving(room.id)
  if (wasOpen) go(toNew)
  tell(t.rooms.deleted(room.name), {
    action: {
      label: t.common.undo,
      run() {
        undoLeaving(room.id)
        if (wasOpen) go(toRoom(room.id))
      },
    },
    onGone: () =>
      void confirmLeaving(room.id).catch((error: unknown) => {
        undoLeaving(room.id)
        tell(wordsOf(error))
      }),
  })
}
