import { useSignal } from "@preact/signals"
import { t } from "../i18n/index.ts"
import { copy } from "../ui/copy.ts"
import { IconButton } from "../ui/icon-button.tsx"

export function CopyButton({ label, text }: { label: string; text: () => string }) {
  const isCopied = useSignal(false)
  return (
    <IconButton
      icon={isCopied.value ? "check" : "copy"}
      label={isCopied.value ? t.common.copied : label}
      onBlur={() => (isCopied.value = false)}
      onMouseLeave={() => (isCopied.value = false)}
      onClick={async () => (isCopied.value = await copy(text()))}
    />
  )
}
