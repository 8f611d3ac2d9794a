import { computed, signal } from "@preact/signals"

export const SECTIONS = ["activity", "users", "replies", "billing", "audit", "system"] as const

export type Section = (typeof SECTIONS)[number]

const hash = signal(location.hash)

addEventListener("hashchange", () => {
  hash.value = location.hash
})

/** What the page shows: a section, and within the users one of them. */
export const place = computed<{ section: Section; id: string | null }>(() => {
  const [name, id] = hash.value.slice(1).split("/")
  const section = SECTIONS.find((each) => each === name) ?? "activity"
  return { section, id: id ? decodeURIComponent(id) : null }
})

export const toSection = (section: Section) => `/admin#${section}`
export const toUser = (id: string) => `/admin#users/${encodeURIComponent(id)}`
