import { computed, signal } from "@preact/signals"
import { isEmbedded } from "./state/embedding.ts"

/** What the page shows. */
export type Place = { at: "new" } | { at: "room"; id: string } | { at: "account" }

const path = signal(location.pathname)

addEventListener("popstate", () => {
  path.value = location.pathname
})

export const place = computed<Place>(() => {
  const [, , section, id] = path.value.split("/")
  if (section === "chat" && id) return { at: "room", id: decodeURIComponent(id) }
  return section === "account" ? { at: "account" } : { at: "new" }
})

/** In a frame every address is one that may be framed. */
const base = isEmbedded ? "/embed" : "/app"

export const toNew = base
export const toAccount = `${base}/account`
export const toRoom = (id: string) => `${base}/chat/${encodeURIComponent(id)}`

/** Shows another place, with an entry in the history unless it takes the place of the present one. */
export function go(to: string, { replace = false } = {}): void {
  if (to === location.pathname) return
  history[replace ? "replaceState" : "pushState"](null, "", to)
  path.value = location.pathname
}

/** Follows a link inside of the page; a click that opens a tab or window stays the browser's. */
export function onLink(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0) return
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
  const link = (event.target as Element).closest?.("a[data-inside]")
  if (!link) return
  event.preventDefault()
  go((link as HTMLAnchorElement).pathname)
}
