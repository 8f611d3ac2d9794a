import type { ComponentChildren } from "preact"
import { useId, useLayoutEffect, useRef } from "preact/hooks"
import { t } from "../i18n/index.ts"
import { IconButton } from "./icon-button.tsx"

/** The browser's own dialog: it keeps the focus, closes by Escape and gives the focus back. It is open while it exists. */
export function Dialog({
  title,
  onClose,
  class: more = "",
  children,
}: {
  title: string
  onClose: () => void
  class?: string
  children: ComponentChildren
}) {
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  useLayoutEffect(() => {
    const { current: shown } = dialog
    shown?.showModal()
    return () => shown?.close()
  }, [])
  return (
    <dialog
      ref={dialog}
      class={`dialog ${more}`}
      aria-labelledby={id}
      onClose={onClose}
      // A click beside it reaches the dialog itself.
      onMouseDown={({ target, currentTarget }) => target === currentTarget && currentTarget.close()}
    >
      <div class="dialog-body">
        <header>
          <h2 id={id}>{title}</h2>
          <IconButton icon="close" label={t.common.close} onClick={() => dialog.current?.close()} />
        </header>
        {children}
      </div>
    </dialog>
  )
}
