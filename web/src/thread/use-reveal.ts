import { useSignalEffect } from "@preact/signals"
import { tellNotLoaded } from "../ui/later.tsx"
import type { Thread } from "./open-thread.ts"
import { wanted } from "./reveal.ts"
import type { View } from "./view.ts"

/**
 * Brings a message that was looked for into the middle. It has the focus, which marks it and what was found in it until the
 * reader goes on.
 */
export function useReveal(thread: Thread, view: View): void {
  useSignalEffect(() => {
    const { value: message } = wanted
    if (message?.roomId !== thread.roomId || thread.state.value !== "ready") return
    wanted.value = null
    view.leaveEnd()
    import("./show-found.ts").then(({ showFound }) => showFound(thread, view, message), tellNotLoaded)
  })
}
