import type { CitationMetadata } from "@google/genai"
import { clean, type Segment, type Source, type Sources, toLink } from "./sources.ts"

/**
 * A source of a part of the text, from `start` up to `end` in UTF-16 code units. One of no part in particular, such as a
 * page that was read, has both 0.
 */
export interface Citation extends Source {
  license: string | null
  start: number
  end: number
}

/** More would be noise, and a row has to hold them. */
const MAX_CITATIONS = 100

/**
 * A reply's text as it is stored. What the provider said begins after `prefix`, in parts that begin at these bytes; what
 * the prefix cites is known.
 */
export interface CitedText {
  text: string
  before?: { prefix: string; citations: readonly Citation[] }
  partStarts?: readonly number[]
}

const NOTHING = { prefix: "", citations: [] }

/**
 * Converts the sources of a reply. Indexes of the provider that lie outside the text are moved to its ends.
 * @returns those of parts of the text in its order, then the others that were found
 */
export function toCitations(
  sources: Sources,
  { text, before = NOTHING, partStarts = [] }: CitedText,
): Citation[] {
  const from = before.prefix.length
  const known = before.citations.filter(({ end }) => end <= from)
  const own = text.slice(from)
  const unitAt = indexUnits(own)
  const spans = [
    ...sources.cited.flatMap((metadata) => toCited(metadata, unitAt)),
    ...[...sources.segments.values()].map((segment) => toSpan(segment, { text: own, unitAt, partStarts })),
  ]
  const citations = new Map<string, Citation>()
  for (const span of spans) {
    // The same source comes again with every chunk of its part.
    if (span.start < span.end)
      citations.set(JSON.stringify([span.uri, span.title, span.start]), {
        ...span,
        start: span.start + from,
        end: span.end + from,
      })
  }
  const isPart = ({ start, end }: Citation) => start < end
  const parts = [...known.filter(isPart), ...citations.values()].toSorted((a, b) => a.start - b.start)
  const found = [...sources.found.values()].map((source) => ({ ...source, license: null, start: 0, end: 0 }))
  const named = new Set(parts.map(({ uri }) => uri))
  const whole = [...known.filter((one) => !isPart(one)), ...found].filter(
    ({ uri }) => !named.has(uri) && named.add(uri),
  )
  return [...parts, ...whole].slice(0, MAX_CITATIONS)
}

/**
 * Reads what the model cites by itself. Its indexes count bytes of the whole reply's UTF-8
 * (https://ai.google.dev/api/generate-content#citationmetadata).
 */
function toCited({ citations }: CitationMetadata, unitAt: UnitAt): Citation[] {
  const cited = (Array.isArray(citations) ? citations : []).map((source) => ({
    uri: toLink(source?.uri),
    title: clean(source?.title),
    license: clean(source?.license),
    start: unitAt(source?.startIndex ?? 0),
    end: unitAt(source?.endIndex ?? Number.POSITIVE_INFINITY),
  }))
  return cited.filter(({ uri, title, license }) => uri ?? title ?? license)
}

/**
 * Finds the part of the text that a tool's source supports. Its indexes count from the beginning of a part; in a stream
 * they have been seen to count from the beginning of the text. What the segment says decides.
 */
function toSpan({ part, start, end, text: said, ...source }: Segment, text: Located): Citation {
  const bases = [text.partStarts[part] ?? 0, 0]
  const spans = bases.map((base) => ({ start: text.unitAt(base + start), end: text.unitAt(base + end) }))
  const [usual] = spans as [Span]
  const exact = spans.find((span) => said === "" || text.text.slice(span.start, span.end) === said)
  const span = exact ?? findNear(text.text, said, usual.start) ?? usual
  return { ...source, license: null, ...span }
}

interface Span {
  start: number
  end: number
}

interface Located {
  text: string
  unitAt: UnitAt
  partStarts: readonly number[]
}

/** Finds where the text says it nearest to `at`. */
function findNear(text: string, said: string, at: number): Span | null {
  const starts = [text.lastIndexOf(said, at), text.indexOf(said, at)].filter((start) => start >= 0)
  const start = starts.toSorted((a, b) => Math.abs(a - at) - Math.abs(b - at))[0]
  return start === undefined ? null : { start, end: start + said.length }
}

type UnitAt = (byte: unknown) => number

/** Returns a function from a byte of the text to the code unit where its character begins. */
function indexUnits(text: string): UnitAt {
  const units: number[] = []
  let unit = 0
  for (const character of text) {
    const bytes = Buffer.byteLength(character)
    for (let byte = 0; byte < bytes; byte++) units.push(unit)
    unit += character.length
  }
  return (byte) => {
    const at = typeof byte === "number" && byte > 0 ? Math.floor(byte) : 0
    return units[at] ?? text.length
  }
}
