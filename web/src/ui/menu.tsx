import type { ComponentChildren } from "preact"
import { useId, useRef } from "preact/hooks"
import { Icon, type IconName } from "./icons.tsx"

export interface MenuItem {
  icon: IconName
  label: string
  run(): void
  isGrave?: boolean
}

/** A button that opens a list of things to do. The browser closes it, and gives the focus back. */
export function Menu({
  label,
  items,
  class: more,
  children,
}: {
  label: string
  items: MenuItem[]
  class?: string
  children?: ComponentChildren
}) {
  const id = useId()
  const button = useRef<HTMLButtonElement>(null)
  const list = useRef<HTMLDivElement>(null)

  function onToggle({ newState }: { newState: string }) {
    button.current?.setAttribute("aria-expanded", String(newState === "open"))
    if (newState !== "open" || !list.current || !button.current) return
    place(list.current, button.current)
    list.current.querySelector("button")?.focus()
  }

  return (
    <>
      <button
        ref={button}
        type="button"
        class={more ?? "icon-button"}
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded="false"
        title={label}
        popovertarget={id}
      >
        {children ?? <Icon name="more" />}
      </button>
      <div ref={list} id={id} class="menu" role="menu" popover="auto" onToggle={onToggle} onKeyDown={onArrow}>
        {items.map(({ icon, label, run, isGrave }) => (
          <button
            key={label}
            type="button"
            role="menuitem"
            tabIndex={-1}
            class={isGrave ? "grave" : ""}
            onClick={() => {
              list.current?.hidePopover()
              run()
            }}
          >
            <Icon name={icon} />
            {label}
          </button>
        ))}
      </div>
    </>
  )
}

/** Below the button, or above it where there is no room, and inside of the window. */
function place(list: HTMLElement, button: HTMLElement): void {
  const at = button.getBoundingClientRect()
  const { offsetWidth: width, offsetHeight: height } = list
  const below = at.bottom + 4
  list.style.top = `${below + height > innerHeight ? Math.max(8, at.top - height - 4) : below}px`
  const start = document.dir === "rtl" ? at.left : at.right - width
  list.style.left = `${Math.min(Math.max(8, start), innerWidth - width - 8)}px`
}

function onArrow(event: KeyboardEvent): void {
  const list = event.currentTarget as HTMLElement
  const items = [...list.querySelectorAll("button")]
  const at = items.indexOf(document.activeElement as HTMLButtonElement)
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key]
  if (to === undefined) {
    if (event.key === "Tab") list.hidePopover()
    return
  }
  event.preventDefault()
  items[(to + items.length) % items.length]?.focus()
}
