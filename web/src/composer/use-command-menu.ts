import { type Signal, useSignal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import type { Thread } from "../thread/open-thread.ts"
import type { CommandMenu } from "./command-menu.tsx"

type Loaded = typeof import("./command-menu.tsx")

interface Given {
  thread: Thread | undefined
  text: Signal<string>
  clear(): void
}

/** The menu of settings, which is loaded after the page is there. @returns the menu as soon as it is loaded */
export function useCommandMenu(given: Given): {
  menu: CommandMenu | null
  List: Loaded["CommandList"] | null
} {
  const loaded = useSignal<{ menu: CommandMenu; List: Loaded["CommandList"] } | null>(null)
  const { thread, text, clear } = given
  useEffect(() => {
    let isGone = false
    const load = async () => {
      const module = await import("./command-menu.tsx").catch(() => null)
      if (!module || isGone) return
      loaded.value = { menu: module.createCommandMenu({ thread, text, clear }), List: module.CommandList }
    }
    const timer = setTimeout(load, 0)
    return () => {
      isGone = true
      clearTimeout(timer)
    }
  }, [thread])
  return loaded.value ?? { menu: null, List: null }
}
