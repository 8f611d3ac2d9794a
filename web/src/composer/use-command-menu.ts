import { type Signal, useSignal } from "@preact/signals"
import { useEffect, useRef } from "preact/hooks"
import type { Thread } from "../thread/open-thread.ts"
import type { CommandMenu } from "./command-menu.tsx"

type Loaded = typeof import("./command-menu.tsx")

interface Given {
  thread: Thread | undefined
  text: Signal<string>
  clear(): void
}

/** The menu of settings, which is loaded when it is first asked for. */
export function useCommandMenu({ thread, text, clear }: Given) {
  const loaded = useSignal<{ menu: CommandMenu; List: Loaded["CommandList"] } | null>(null)
  const isGone = useRef(false)
  useEffect(() => {
    isGone.current = false
    return () => {
      isGone.current = true
      loaded.value = null
    }
  }, [thread, loaded])

  async function open(): Promise<void> {
    if (loaded.peek()) return loaded.peek()?.menu.open()
    const module = await import("./command-menu.tsx").catch(() => null)
    if (!module || isGone.current) return
    loaded.value ??= { menu: module.createCommandMenu({ thread, text, clear }), List: module.CommandList }
    loaded.peek()?.menu.open()
  }

  return {
    /** Null until it was asked for. */
    menu: loaded.value?.menu ?? null,
    List: loaded.value?.List ?? null,
    open,
    /** Follows what is written: "/" opens the menu. */
    async onText(value: string): Promise<void> {
      if (loaded.peek()) return loaded.peek()?.menu.onText(value)
      if (value !== "/") return
      await open()
      // More may have been written meanwhile.
      if (text.peek() !== "/") loaded.peek()?.menu.onText(text.peek())
    },
  }
}
