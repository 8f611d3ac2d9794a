import { useEffect, useRef } from "preact/hooks"
import { t } from "../i18n/index.ts"
import { Icon } from "../ui/icons.tsx"
import type { CommandMenu } from "./command-menu.ts"

export const COMMANDS_ID = "commands"
export const optionId = (index: number) => `${COMMANDS_ID}-${index}`

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
