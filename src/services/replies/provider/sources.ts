import type { Candidate, CitationMetadata } from "@google/genai"
import { z } from "zod"

/** What a reply refers to. */
export interface Source {
  uri: string | null
  title: string | null
}

/** A part of the reply that a source supports, in bytes of UTF-8. */
export interface Segment extends Source {
  /** The number of the part that the bytes count from. */
  part: number
  start: number
  end: number
  /** What the segment says; "" where the provider leaves it out. */
  text: string
}

/** All that the chunks of a call have said about the sources of its text. */
export interface Sources {
  /** What the model cites by itself. */
  cited: CitationMetadata[]
  /** What Google's tools name for a part of the text, by a key of its own. */
  segments: Map<string, Segment>
  /** What the tools have found, whether or not a part of the text names it. */
  found: Map<string, Source>
  queries: Set<string>
  /** Whether a search or a page is among what was found. */
  searched: boolean
  read: boolean
}

export const noSources = (): Sources => ({
  cited: [],
  segments: new Map(),
  found: new Map(),
  queries: new Set(),
  searched: false,
  read: false,
})

/** More than a reply has; the provider's word isn't trusted to be finite. */
const MOST = { cited: 1_000, segments: 500, found: 200, queries: 50 }
const MAX_QUERY_LENGTH = 500

/** Adds what a chunk says. Chunks repeat what was said before, as far as it has grown. */
export function addSources(sources: Sources, candidate: Candidate | undefined): void {
  if (!candidate) return
  if (candidate.citationMetadata && sources.cited.length < MOST.cited)
    sources.cited.push(toCited(candidate.citationMetadata))
  addGrounding(sources, Grounding.parse(candidate.groundingMetadata ?? {}))
  addPages(sources, Pages.parse(candidate.urlContextMetadata ?? {}))
}

/** The SDK's name of the list isn't the provider's. */
function toCited({ citationSources, citations }: SentCitations): CitationMetadata {
  const cited = citationSources ?? citations
  return cited ? { citations: cited } : {}
}

type SentCitations = CitationMetadata & { citationSources?: CitationMetadata["citations"] }

function addGrounding(sources: Sources, { chunks, supports, queries }: Grounding): void {
  for (const query of queries) {
    const asked = typeof query === "string" ? clean(query, MAX_QUERY_LENGTH) : null
    if (asked && sources.queries.size < MOST.queries) sources.queries.add(asked)
  }
  const found = chunks.map(toSource)
  for (const source of found) addFound(sources, source)
  sources.searched ||= queries.length > 0 || found.length > 0
  // A chunk may support its text by sources that an earlier one has named.
  const known = found.length > 0 ? found : [...sources.found.values()]
  for (const { segment, indices } of supports) {
    for (const source of indices.map((index) => known[index])) {
      if ((source?.uri ?? source?.title ?? null) === null) continue
      const key = JSON.stringify([source?.uri, source?.title, segment.part, segment.start])
      const fits = sources.segments.has(key) || sources.segments.size < MOST.segments
      if (source && fits) sources.segments.set(key, { ...source, ...segment })
    }
  }
}

function addPages(sources: Sources, { pages }: Pages): void {
  for (const { uri, status } of pages) {
    if (status !== "URL_RETRIEVAL_STATUS_SUCCESS") continue
    sources.read = true
    addFound(sources, { uri: toLink(uri), title: null })
  }
}

function addFound({ found }: Sources, source: Source): void {
  const key = source.uri ?? source.title
  if (key === null || (!found.has(key) && found.size >= MOST.found)) return
  found.set(key, { ...source, title: source.title ?? found.get(key)?.title ?? null })
}

const MAX_LENGTH = 2_000

/** PostgreSQL's `jsonb` takes neither NUL nor half of a surrogate pair. */
export function clean(value: unknown, maxLength = MAX_LENGTH): string | null {
  if (typeof value !== "string") return null
  return value.replaceAll("\u0000", "").slice(0, maxLength).toWellFormed() || null
}

/** Clients make links of it, so it must not be `javascript:`. */
export function toLink(value: unknown): string | null {
  const uri = clean(value)
  return uri !== null && /^https?:\/\//i.test(uri) ? uri : null
}

const toSource = ({ uri, title }: { uri: unknown; title: unknown }): Source => ({
  uri: toLink(uri),
  title: clean(title),
})

// Every field may be missing or of another type: then it counts as missing.
const List = <T extends z.ZodType>(item: T) => z.array(item).default([]).catch([])
const Index = z.number().default(0).catch(0)
const Named = z.object({ uri: z.unknown(), title: z.unknown() }).optional().catch(undefined)

const GroundingChunk = z
  .object({ web: Named, retrievedContext: Named, maps: Named })
  .transform(({ web, retrievedContext, maps }) => web ?? retrievedContext ?? maps)
  .catch(undefined)
  .transform((named) => named ?? { uri: null, title: null })

const GroundingSupport = z
  .object({
    segment: z
      .object({
        partIndex: Index,
        startIndex: Index,
        endIndex: z.number().default(Number.POSITIVE_INFINITY).catch(Number.POSITIVE_INFINITY),
        text: z.string().default("").catch(""),
      })
      .transform(({ partIndex: part, startIndex: start, endIndex: end, text }) => ({
        part,
        start,
        end,
        text,
      })),
    groundingChunkIndices: List(z.number()),
  })
  .transform(({ segment, groundingChunkIndices: indices }) => ({ segment, indices }))
  .nullable()
  .catch(null)

const Grounding = z
  .object({
    groundingChunks: List(GroundingChunk),
    groundingSupports: List(GroundingSupport),
    webSearchQueries: List(z.unknown()),
  })
  .catch({ groundingChunks: [], groundingSupports: [], webSearchQueries: [] })
  .transform(({ groundingChunks: chunks, groundingSupports, webSearchQueries: queries }) => ({
    chunks,
    supports: groundingSupports.filter((support) => support !== null),
    queries,
  }))
type Grounding = z.infer<typeof Grounding>

const Pages = z
  .object({
    urlMetadata: List(
      z.object({ retrievedUrl: z.unknown(), urlRetrievalStatus: z.unknown() }).nullable().catch(null),
    ),
  })
  .catch({ urlMetadata: [] })
  .transform(({ urlMetadata }) => ({
    pages: urlMetadata.flatMap((page) =>
      page ? { uri: page.retrievedUrl, status: page.urlRetrievalStatus } : [],
    ),
  }))
type Pages = z.infer<typeof Pages>
