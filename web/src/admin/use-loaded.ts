import { type Signal, useSignal } from "@preact/signals"
import { useCallback, useEffect } from "preact/hooks"
import { wordsOf } from "../ui/errors.ts"

export interface Loaded<T> {
  value: Signal<T | null>
  problem: Signal<string | null>
  reload(): Promise<void>
}

/** Loads what a section shows when it appears and when `key` changes. What comes late is dropped. */
export function useLoaded<T>(load: () => Promise<T>, key = ""): Loaded<T> {
  const value = useSignal<T | null>(null)
  const problem = useSignal<string | null>(null)
  const latest = useSignal(0)
  // `load` is another function each time, and the same for a key.
  const reload = useCallback(async () => {
    const turn = ++latest.value
    try {
      const found = await load()
      if (turn !== latest.peek()) return
      value.value = found
      problem.value = null
    } catch (error) {
      if (turn === latest.peek()) problem.value = wordsOf(error)
    }
  }, [key])
  useEffect(() => {
    void reload()
    return () => void latest.value++
  }, [reload, latest])
  return { value, problem, reload }
}
