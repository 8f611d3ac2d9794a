import { type Signal, signal, useSignalEffect } from "@preact/signals"
import type { ComponentType } from "preact"
import { t } from "../i18n/index.ts"
import { isOnline } from "../state/online.ts"
import { tell } from "./toasts.ts"

/**
 * A component that is loaded when it is first shown. Where that fails, the user is told, and the next time tries again,
 * or the network's return.
 * @param Meanwhile what stands in its place until then
 */
export function later<P extends object>(
  load: () => Promise<ComponentType<P>>,
  Meanwhile: ComponentType | null = null,
): ComponentType<P> {
  const loaded: Signal<ComponentType<P> | null> = signal(null)
  let isLoading = false
  async function begin() {
    if (isLoading) return
    isLoading = true
    try {
      loaded.value = await load()
    } catch {
      tellNotLoaded()
    }
    isLoading = false
  }
  return function Later(props: P) {
    useSignalEffect(() => {
      if (isOnline.value && !loaded.peek()) void begin()
    })
    const { value: Shown } = loaded
    if (Shown) return <Shown {...props} />
    void begin()
    return Meanwhile && <Meanwhile />
  }
}

/** Says why a part of the page couldn't be loaded. */
export function tellNotLoaded(): void {
  // A page of the build before last asks for a file that is no longer there.
  if (isOnline.peek())
    tell(t.common.outdated, { action: { label: t.common.reload, run: () => location.reload() } })
  else tell(t.common.unreachable)
}
