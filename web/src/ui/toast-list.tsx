import { t } from "../i18n/index.ts"
import { IconButton } from "./icon-button.tsx"
import { dismiss, toastId, toasts } from "./toasts.ts"

export function Toasts() {
  return (
    <div class="toasts" role="status">
      {toasts.value.map((toast) => (
        <div class="toast" id={toastId(toast)} key={toast.id}>
          <span>{toast.text}</span>
          {toast.action && (
            <button type="button" class="link" onClick={() => dismiss(toast, { acted: true })}>
              {toast.action.label}
            </button>
          )}
          <IconButton icon="close" label={t.common.close} onClick={() => dismiss(toast)} />
        </div>
      ))}
    </div>
  )
}
