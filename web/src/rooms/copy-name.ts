import { t } from "../i18n/index.ts"

/** The longest name of a room. */
const MOST_CHARACTERS = 100

/** The name of a room's copy, which tells the two apart. */
export function copyName(name: string): string {
  const rest = [...name].slice(0, MOST_CHARACTERS - t.rooms.copyOf("").length).join("")
  return t.rooms.copyOf(rest.trimEnd())
}
