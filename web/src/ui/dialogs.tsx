import { signal } from "@preact/signals"
import { go, toNew } from "../router.ts"
import { later } from "./later.tsx"

type Open =
  | { what: "search" }
  | { what: "shortcuts" }
  | { what: "share"; roomId: string }
  | { what: "import" }

const SearchDialog = later(async () => (await import("../rooms/search-dialog.tsx")).SearchDialog)
const ShareDialog = later(async () => (await import("../rooms/share-dialog.tsx")).ShareDialog)
const ShortcutsDialog = later(async () => (await import("./shortcuts-dialog.tsx")).ShortcutsDialog)
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
