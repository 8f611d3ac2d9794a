import type { Token } from "marked"
import type { Source } from "./cite-mark.ts"
import { toTokens } from "./syntax.ts"

/** A message's, as the API gives them. */
export type Citations = readonly {
  uri: string | null
  title: string | null
  license: string | null
  start: number
  end: number
}[]

/** The places that a reply cites, each once, in the order of their first part. */
export function sourcesOf(citations: Citations): Source[] {
  const sources = new Map<string, Source>()
  for (const { uri, title, license } of citations)
    if (uri !== null && !sources.has(uri)) sources.set(uri, { uri, title: title ?? uri, license })
  return [...sources.values()]
}

/**
 * Puts marks such as ⦃2⦄ behind the parts of a text that have sources, where a mark can stand: not inside of code, a
 * link or a formula, and not where it would make something else of a line. A text with such signs of its own gets none.
 */
export function withCites(text: string, citations: Citations): { text: string; sources: Source[] } {
  const none = { text, sources: [] }
  const parts = citations.filter(({ start, end, uri }) => uri !== null && start < end)
  if (parts.length === 0 || /[⦃⦄\r]/.test(text)) return none
  const sources = sourcesOf(citations)
  const numbers = new Map(sources.map(({ uri }, index) => [uri, index + 1]))
  const marks = new Map<number, Set<number>>()
  const places = findPlaces(text)
  for (const { end, uri } of parts) {
    const at = places(end)
    if (at === null) continue
    marks.set(at, (marks.get(at) ?? new Set()).add(numbers.get(uri as string) as number))
  }
  let marked = ""
  let from = 0
  for (const [at, ofSources] of [...marks].sort(([a], [b]) => a - b)) {
    marked +=
      text.slice(from, at) +
      [...ofSources]
        .sort((a, b) => a - b)
        .map((number) => `⦃${number}⦄`)
        .join("")
    from = at
  }
  return { text: marked + text.slice(from), sources }
}

/** Blocks in which a mark would be part of what they show. */
const CLOSED = new Set(["code", "formulaBlock", "html", "def", "noteText", "hr"])
const LONGEST_BLOCK = 20_000

/** Code, links and formulas in a line, and code in several; backticks that end nowhere. */
const WHOLE =
  /(?<!`)(`{1,2})(?!`)[\s\S]*?(?<!`)\1(?!`)|(?<!`)(`{3,8})(?!`)[\s\S]*?(?<!`)\2`*|`+|!?\[[^\]\n]*\]\([^)\s]*\)|<[^>\s]{1,500}>|https?:\/\/[^\s<>]+|\$[^$\n]{1,500}\$|\\\([^\n]{1,500}?\\\)/g

/** Returns a function from the end of a part to the place of its mark; null where there is none. */
function findPlaces(text: string): (end: number) => number | null {
  const blocks: { token: Token; from: number; to: number }[] = []
  let from = 0
  for (const token of toTokens(text)) {
    blocks.push({ token, from, to: from + token.raw.length })
    from += token.raw.length
  }
  return (end) => {
    const said = text.slice(0, end).trimEnd().length
    const block = blocks.find(({ from, to }) => from < said && said <= to)
    if (!block || CLOSED.has(block.token.type) || block.to - block.from > LONGEST_BLOCK) return null
    return placeIn(text, block, said)
  }
}

function placeIn(text: string, { from, to }: { from: number; to: number }, said: number): number | null {
  let at = said
  for (const { index, 0: whole } of text.slice(from, to).matchAll(WHOLE)) {
    const [start, end] = [from + index, from + index + whole.length]
    if (start < at && at < end) at = end
    // What ends here may be a fence, behind which nothing may stand.
    if (at === end && whole.includes("\n")) return null
  }
  if (text[at - 1] === "\\") at += 1
  while (/[*_~]/.test(text[at] ?? "")) at += 1
  const line = text.slice(text.lastIndexOf("\n", at - 1) + 1, at)
  if (/^[\s|:=*_+>#-]*$/.test(line)) return null
  // The end of a row of a table is behind its last cell.
  return /^[ \t]*\|/.test(line) ? at - (line.match(/[ \t]*\|?$/)?.[0].length ?? 0) : at
}
