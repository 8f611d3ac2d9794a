import { t } from "../i18n/index.ts"

/** The buttons below a form that can be closed: one sends it, one leaves it. */
export function FormActions({
  label,
  isDisabled,
  onClose,
}: {
  label: string
  isDisabled: boolean
  onClose: () => void
}) {
  return (
    <div class="form-actions">
      <button type="submit" class="primary" disabled={isDisabled}>
        {label}
      </button>
      <button type="button" class="link" onClick={onClose}>
        {t.common.cancel}
      </button>
    </div>
  )
}
