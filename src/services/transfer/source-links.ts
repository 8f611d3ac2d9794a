/** More would be noise, and a row has to hold them. */
export const MAX_SOURCES = 50
const MAX_URI = 2_048
const MAX_TITLE = 500
/** Formats nest what they know of a source a few levels deep. */
const MAX_DEPTH = 4

/** What a source is called, in the formats that are imported. */
const TITLES = ["title", "name"]

/**
 * Finds the web pages in what another product keeps as a message's sources, whatever form it has: objects with a `url`.
 * @returns citations of no part of the text in particular
 */
export function toSources(value: unknown): unknown[] {
  const found = new Map<string, string | null>()
  const visit = (part: unknown, depth: number) => {
    if (typeof part !== "object" || part === null || depth > MAX_DEPTH || found.size >= MAX_SOURCES) return
    const { url } = part as { url?: unknown }
    if (typeof url === "string" && url.length <= MAX_URI && /^https?:\/\//i.test(url) && !found.has(url))
      found.set(url, titleOf(part))
    for (const inner of Object.values(part)) visit(inner, depth + 1)
  }
  visit(value, 0)
  return [...found].map(([uri, title]) => ({ uri, title, license: null, start: 0, end: 0 }))
}

function titleOf(source: object): string | null {
  for (const [name, value] of Object.entries(source))
    if (TITLES.includes(name) && typeof value === "string" && value !== "") return value.slice(0, MAX_TITLE)
  return null
}
