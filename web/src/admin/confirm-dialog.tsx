import { t } from "../i18n/index.ts"
import { Dialog } from "../ui/dialog.tsx"

export interface Question {
  title: string
  text: string
  confirm(): void
}

/** Asks once more before something that isn't easily undone. */
export function ConfirmDialog({ title, text, confirm, onClose }: Question & { onClose: () => void }) {
  return (
    <Dialog title={title} onClose={onClose}>
      <p>{text}</p>
      <div class="dialog-actions">
        <button type="button" class="link" onClick={onClose}>
          {t.common.cancel}
        </button>
        <button
          type="button"
          class="primary"
          onClick={() => {
            onClose()
            confirm()
          }}
        >
          {title}
        </button>
      </div>
    </Dialog>
  )
}
