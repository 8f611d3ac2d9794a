import { t } from "../i18n/index.ts"
import { Dialog } from "./dialog.tsx"
import "./shortcuts.css"

const COMMAND = /mac|iphone|ipad/i.test(navigator.platform) ? "⌘" : "Ctrl"

export function ShortcutsDialog({ onClose }: { onClose: () => void }) {
  const rows: [string, string[]][] = [
    [t.shortcuts.search, [COMMAND, "K"]],
    [t.shortcuts.newChat, [COMMAND, "Shift", "O"]],
    [t.shortcuts.print, [COMMAND, "P"]],
    [t.shortcuts.send, ["Enter"]],
    [t.shortcuts.interrupt, [COMMAND, "Enter"]],
    [t.shortcuts.settings, ["/"]],
    [t.shortcuts.newLine, ["Shift", "Enter"]],
    [t.shortcuts.last, ["↑"]],
    [t.shortcuts.close, ["Esc"]],
    [t.shortcuts.list, ["?"]],
  ]
  return (
    <Dialog title={t.shortcuts.title} onClose={onClose}>
      <dl class="shortcuts">
        {rows.map(([what, keys]) => (
          <div key={what}>
            <dt>{what}</dt>
            <dd>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  )
}
