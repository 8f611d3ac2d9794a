/** Characters that a name may have; an ending is kept. */
const MAX_CHARACTERS = 150
const MAX_ENDING = 20

/** Control characters, those that change the direction of text or can't be seen, and halves of pairs. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu
/** What file systems or shells read as something else. */
const RESERVED = /[<>:"|?*]/g

/**
 * Cleans the name that a client gives a file, so that it can be shown and saved anywhere: the last part of a path, without
 * anything that can't be seen. Never empty.
 */
export function cleanName(name: string): string {
  const last =
    name
      .normalize("NFC")
      .split(/[/\\]/)
      .findLast((part) => part.trim() !== "") ?? ""
  const plain = last.replace(HIDDEN, "").replace(RESERVED, "_").replace(/\s+/g, " ")
  return trim(shorten(trim(plain))) || "file"
}

/** Leading dots hide a file, and Windows drops trailing ones. */
function trim(name: string): string {
  const isMargin = (character: string | undefined) => character === "." || character === " "
  let [start, end] = [0, name.length]
  while (start < end && isMargin(name[start])) start++
  while (end > start && isMargin(name[end - 1])) end--
  return name.slice(start, end)
}

function shorten(name: string): string {
  const characters = [...name]
  if (characters.length <= MAX_CHARACTERS) return name
  const dot = characters.lastIndexOf(".")
  const ending = characters.length - dot <= MAX_ENDING && dot > 0 ? characters.slice(dot) : []
  return [...characters.slice(0, MAX_CHARACTERS - ending.length), ...ending].join("")
}
