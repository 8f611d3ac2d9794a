import type { Stems } from "./stemmer.ts"
import type { Word } from "./words.ts"

/** What a stem begins with in the index, so that it is no word. No word has such a character. */
export const STEM = "~"
/** What stands in a query for the part of the index that is searched, with which all of its entries begin. */
export const PART = "#"

/** A `tsvector` holds a megabyte, with positions. Of a text with more there are files of keys, but no people's words. */
const MAX_BYTES = 512 * 1024

/** PostgreSQL keeps no more of one word. */
const MAX_POSITIONS = 255

/**
 * Returns the text of the `tsvector` of a text: its words and, where they differ, their stems, each with its positions.
 * Words count more than stems (label A).
 */
export function vectorOf(part: string, words: Iterable<Word>, stems: Stems): string {
  const positions = new Map<string, string[]>()
  let bytes = 0
  const add = (entry: string, position: string) => {
    const known = positions.get(entry)
    if (known !== undefined) {
      if (known.length < MAX_POSITIONS) known.push(position)
      return
    }
    bytes += part.length + Buffer.byteLength(entry)
    if (bytes <= MAX_BYTES) positions.set(entry, [position])
  }
  for (const word of words) {
    add(word.word, `${word.position}A`)
    for (const stem of stems(word)) if (stem !== word.word) add(STEM + stem, `${word.position}`)
  }
  return Array.from(positions, ([entry, at]) => `'${part}${entry}':${at.join()}`).join(" ")
}
