import { signal } from "@preact/signals"
import { SearchDialog } from "../rooms/search-dialog.tsx"
import { ShareDialog } from "../rooms/share-dialog.tsx"
import { go, toNew } from "../router.ts"
import { later } from "./later.tsx"
import { ShortcutsDialog } from "./shortcuts-dialog.tsx"

type Open =
  | { what: "search" }
  | { what: "shortcuts" }
  | { what: "share"; roomId: string }
  | { what: "import" }

const ImportDialog = later(async () => (await import("../rooms/import-dialog.tsx")).ImportDialog)

/** The dialog that is open. One at a time. */
const open = signal<Open | null>(null)

export function openDialog(dialog: Open): void {
  open.value = dialog
}

const close = () => {
  open.value = null
}

export function Dialogs() {
  const shown = open.value
  if (shown?.what === "search") return <SearchDialog onClose={close} />
  if (shown?.what === "share") return <ShareDialog roomId={shown.roomId} onClose={close} />
  if (shown?.what === "import") return <ImportDialog onClose={close} />
  return shown ? <ShortcutsDialog onClose={close} /> : null
}

/** Keys that work everywhere. */
export function onShortcut(event: KeyboardEvent): void {
  const isCommand = event.ctrlKey || event.metaKey
  if (isCommand && event.key.toLowerCase() === "k" && !event.shiftKey) {
    event.preventDefault()
    openDialog({ what: "search" })
  }
  if (isCommand && event.shiftKey && event.key.toLowerCase() === "o") {
    event.preventDefault()
    go(toNew)
  }
  if (event.key === "?" && !isCommand && !isWriting(event.target)) openDialog({ what: "shortcuts" })
}

function isWriting(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, textarea, [contenteditable]")
}
