import type { CitationMetadata } from "@google/genai"

/** A source that the provider names for a part of the text, from `start` up to `end` in UTF-16 code units. */
export interface Citation {
  uri: string | null
  title: string | null
  license: string | null
  start: number
  end: number
}

/** More would be noise, and a row has to hold them. */
const MAX_CITATIONS = 100
const MAX_LENGTH = 2_000

/**
 * Converts the sources that the provider names without any tool. Its indexes count bytes of the whole reply's UTF-8
 * (https://ai.google.dev/api/generate-content#citationmetadata); ones outside the text are moved to its ends.
 * @param text the reply's, as it is stored
 */
export function toCitations(sources: readonly CitationMetadata[], text: string): Citation[] {
  const unitAt = indexUnits(text)
  const citations = new Map<string, Citation>()
  for (const source of sources.flatMap(({ citations }) => (Array.isArray(citations) ? citations : []))) {
    const uri = clean(source?.uri)
    const title = clean(source?.title)
    const license = clean(source?.license)
    const start = unitAt(source?.startIndex ?? 0)
    const end = unitAt(source?.endIndex ?? Number.POSITIVE_INFINITY)
    // The same source comes again with every chunk of its part.
    if (uri ?? title ?? license)
      citations.set(`${uri} ${title} ${start}`, { uri, title, license, start, end })
  }
  return [...citations.values()].filter(({ start, end }) => start < end).slice(0, MAX_CITATIONS)
}

/** PostgreSQL's `jsonb` takes neither NUL nor half of a surrogate pair. */
function clean(value: unknown): string | null {
  if (typeof value !== "string") return null
  return value.replaceAll("\u0000", "").slice(0, MAX_LENGTH).toWellFormed() || null
}

/** Returns a function from a byte of the text to the code unit where its character begins. */
function indexUnits(text: string): (byte: unknown) => number {
  const bytes = Buffer.from(text)
  return (byte) => {
    const at = typeof byte === "number" && byte > 0 ? Math.min(Math.floor(byte), bytes.length) : 0
    let start = at
    while (start > 0 && start < bytes.length && ((bytes[start] as number) & 0b1100_0000) === 0b1000_0000)
      start--
    return bytes.toString("utf8", 0, start).length
  }
}
