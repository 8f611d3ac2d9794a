import { computed, type ReadonlySignal, signal } from "@preact/signals"
import { useEffect, useRef } from "preact/hooks"
import { t } from "../i18n/index.ts"
import { loadModels, models } from "../state/models.ts"
import type { Thread } from "../thread/open-thread.ts"
import { Icon } from "../ui/icons.tsx"
import { COMMANDS_ID, optionId } from "./command-ids.ts"
import { type Command, commandsFor, matching } from "./commands.ts"
import { changeSettings, settingsOf } from "./settings.ts"

interface Given {
  thread: Thread | undefined
  text: ReadonlySignal<string>
  /** Empties the field, if a command was written there. */
  clear(): void
}

/** The menu of settings, which opens over the composer by "/" in an empty field or by its button, and is led from the field. */
export function createCommandMenu({ thread, text, clear }: Given) {
  const isOpen = signal(false)
  /** The entry whose choices are shown. */
  const within = signal<string | null>(null)
  const active = signal(0)

  const query = computed(() => (text.value.startsWith("/") ? text.value.slice(1) : ""))
  const shown = computed<Command[]>(() => {
    const all = commandsFor(settingsOf(thread), models.value ?? [])
    const choices = all.find(({ label }) => label === within.value)?.choices
    return choices ?? matching(all, query.value)
  })

  function open(): void {
    if (isOpen.peek()) return
    within.value = null
    active.value = 0
    isOpen.value = true
    void loadModels()
  }

  function close(): void {
    isOpen.value = false
  }

  function choose(command: Command | undefined): void {
    if (!command) return
    if (command.choices) {
      within.value = command.label
      active.value = Math.max(
        0,
        command.choices.findIndex(({ isChosen }) => isChosen),
      )
      return
    }
    if (command.change) void changeSettings(thread, command.change)
    close()
    if (text.peek().startsWith("/")) clear()
  }

  /** @returns whether the key was for the menu */
  function onKey({ key }: KeyboardEvent): boolean {
    const count = shown.peek().length
    if (!isOpen.peek()) return false
    if (key === "Escape") {
      if (within.peek() === null) close()
      else within.value = null
      return true
    }
    if (count === 0) return false
    const to = { ArrowDown: active.peek() + 1, ArrowUp: active.peek() - 1 }[key]
    if (to !== undefined) active.value = (to + count) % count
    else if (key === "Enter" || key === "Tab") choose(shown.peek()[active.peek()])
    else return false
    return true
  }

  /** Follows what is written: "/" opens the menu, and a line that is no command closes it. */
  function onText(value: string): void {
    active.value = 0
    if (value === "/") open()
    else if (isOpen.peek() && value !== "" && (!value.startsWith("/") || shown.peek().length === 0)) close()
    else if (isOpen.peek() && value === "") close()
  }

  return { isOpen, within, active, shown, open, close, choose, onKey, onText }
}

export type CommandMenu = ReturnType<typeof createCommandMenu>

/** The menu of settings as it is seen. The focus stays in the field, which says where in the list it is. */
export function CommandList({ menu }: { menu: CommandMenu }) {
  const list = useRef<HTMLDivElement>(null)
  const { value: active } = menu.active
  useEffect(() => {
    list.current?.children[active]?.scrollIntoView({ block: "nearest" })
  }, [active])
  if (!menu.isOpen.value) return null
  return (
    <div class="commands">
      <p class="commands-title">{menu.within.value ?? t.settings.title}</p>
      <div ref={list} id={COMMANDS_ID} role="listbox" aria-label={menu.within.value ?? t.settings.title}>
        {menu.shown.value.map((command, index) => (
          <button
            type="button"
            tabIndex={-1}
            key={command.label}
            id={optionId(index)}
            role="option"
            aria-selected={index === active}
            // The field keeps the focus.
            onMouseDown={(event) => event.preventDefault()}
            onMouseMove={() => (menu.active.value = index)}
            onClick={() => menu.choose(command)}
          >
            <span class="command-label">
              {command.label}
              {command.hint && <small>{command.hint}</small>}
            </span>
            {command.value !== undefined && <span class="command-value">{command.value}</span>}
            {command.choices ? <Icon name="right" /> : command.isChosen && <Icon name="check" />}
          </button>
        ))}
      </div>
    </div>
  )
}
