import type { ButtonHTMLAttributes } from "preact"
import { Icon, type IconName } from "./icons.tsx"

type Props = ButtonHTMLAttributes<HTMLButtonElement> & { icon: IconName; label: string }

/** A button that is a sign; its label is read out and shown as a hint. */
export function IconButton({ icon, label, class: more, ...rest }: Props) {
  return (
    <button type="button" class={`icon-button ${more ?? ""}`} aria-label={label} title={label} {...rest}>
      <Icon name={icon} />
    </button>
  )
}
