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

/** The dialog that is open. One at a time, each with its own key. */
const open = signal<(Open & { key: number }) | null>(null)

let opened = 0

export function openDialog(dialog: Open): void {
  opened += 1
  open.value = { ...dialog, key: opened }
}

export function Dialogs() {
  const shown = open.value
  if (!shown) return null
  const { key } = shown
  // The browser tells of the end of a dialog a moment later: the next one may be open by then.
  const onClose = () => {
    if (open.peek()?.key === key) open.value = null
  }
  switch (shown.what) {
    case "search":
      return <SearchDialog key={key} onClose={onClose} />
    case "share":
      return <ShareDialog key={key} roomId={shown.roomId} onClose={onClose} />
    case "import":
      return <ImportDialog key={key} onClose={onClose} />
    case "shortcuts":
      return <ShortcutsDialog key={key} onClose={onClose} />
  }
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
