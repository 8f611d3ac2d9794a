import { useSignal } from "@preact/signals"
import type { ComponentChildren, RefObject } from "preact"
import { useId, useLayoutEffect, useRef } from "preact/hooks"
import { Icon, type IconName } from "./icons.tsx"

export interface MenuItem {
  icon: IconName
  label: string
  run(): void
  isGrave?: boolean
  /** What the item and its neighbours have in common, as a heading. */
  group?: string
}

/**
 * A button that opens a list of things to do. The browser closes it, and gives the focus back. `items` as a function: for
 * what is known only, or may change, while it is open.
 */
export function Menu({
  label,
  items,
  class: more,
  note = null,
  onOpen,
  children,
}: {
  label: string
  items: MenuItem[] | (() => MenuItem[])
  class?: string
  /** A line below the items. */
  note?: (() => string | null) | null
  onOpen?: () => void
  children?: ComponentChildren
}) {
  const id = useId()
  const button = useRef<HTMLButtonElement>(null)
  const list = useRef<HTMLDivElement>(null)
  const isOpen = useSignal(false)

  function onToggle({ newState }: { newState: string }) {
    const wasOpen = isOpen.value
    isOpen.value = newState === "open"
    // Closed and opened again at once is one event, and the items are still there.
    if (isOpen.value && wasOpen) list.current?.querySelector("button")?.focus()
    button.current?.setAttribute("aria-expanded", String(isOpen.value))
    if (isOpen.value) onOpen?.()
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
        {isOpen.value && <Items items={items} note={note} list={list} button={button} />}
      </div>
    </>
  )
}

function Items({
  items,
  note,
  list,
  button,
}: {
  items: MenuItem[] | (() => MenuItem[])
  note: (() => string | null) | null
  list: RefObject<HTMLDivElement | null>
  button: RefObject<HTMLButtonElement | null>
}) {
  const shown = typeof items === "function" ? items() : items
  useLayoutEffect(() => {
    if (!list.current || !button.current) return
    place(list.current, button.current)
    if (!list.current.contains(document.activeElement)) list.current.querySelector("button")?.focus()
  }, [shown.length, list, button])
  const line = note?.()
  return (
    <>
      {shown.map(({ icon, label, run, isGrave, group }, index) => (
        <div key={label} role="none">
          {group !== undefined && group !== shown[index - 1]?.group && <p class="menu-group">{group}</p>}
          <button
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
        </div>
      ))}
      {line && <p class="menu-note soft">{line}</p>}
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
