import { createHash } from "node:crypto"
import type { Behaviour } from "./directives.ts"
import { type GenerateRequest, lastTurn } from "./request.ts"
import type { Candidate } from "./wire.ts"

/** What Google's tools have found for one request. */
export type Grounding = {
  searches: string[]
  pages: { url: string; isReadable: boolean }[]
}

/** Google reads so many of a request's pages: https://ai.google.dev/gemini-api/docs/url-context#limitations */
const MAX_PAGES = 20
const SITES = ["example.com", "example.org", "example.net"]
const TOKENS = { search: 100, page: 500 }

/** What the tools of a request find: they search for what the prompt says and read the pages that it names. */
export function groundingOf(request: GenerateRequest, { searches = 1 }: Behaviour): Grounding {
  const prompt = lastTurn(request)
  const topic = prompt.split(" ").slice(0, 8).join(" ")
  const urls = prompt.match(/https?:\/\/[^\s<>"]+[^\s<>".,;:!?)]/g) ?? []
  return {
    searches: hasTool(request, "googleSearch")
      ? Array.from({ length: searches }, (_, at) => (at === 0 ? topic : `${topic} ${at + 1}`))
      : [],
    pages: hasTool(request, "urlContext")
      ? [...new Set(urls)].slice(0, MAX_PAGES).map((url) => ({ url, isReadable: isReadable(url) }))
      : [],
  }
}

/** What a reply says about it; a line each. */
export function groundingLines({ searches, pages }: Grounding): string[] {
  const read = pages.filter((page) => page.isReadable).map(({ url }) => url)
  return [
    ...searches.map((query) => `Searched the web for “${query}”.`),
    ...(read.length > 0 ? [`Read ${read.join(" and ")}.`] : []),
  ]
}

/** The candidates of a reply with what the API says about its sources: on each that there may be some, on the last which. */
export function withGrounding(
  candidates: Candidate[],
  request: GenerateRequest,
  found: Grounding,
): Candidate[] {
  const { searches, pages } = found
  if (searches.length === 0 && pages.length === 0) return candidates
  const sources = [...searches.flatMap(toResults), ...pages.flatMap(toPage)]
  const parts = candidates.flatMap(({ content }) => content?.parts ?? [])
  const text = parts.map((part) => (part.thought ? "" : part.text)).join("")
  return candidates.map((candidate, at) => {
    const isLast = at === candidates.length - 1
    if (!isLast) return { ...candidate, groundingMetadata: {} }
    const urlMetadata = pages.map(({ url, isReadable }) => ({
      retrievedUrl: url,
      urlRetrievalStatus: `URL_RETRIEVAL_STATUS_${isReadable ? "SUCCESS" : "ERROR"}`,
    }))
    return {
      ...candidate,
      groundingMetadata: {
        ...(searches.length > 0 && { searchEntryPoint: { renderedContent: suggestions(searches) } }),
        groundingChunks: sources.map((web) => ({ web })),
        groundingSupports: supportsIn(text, sources.length),
        ...(searches.length > 0 && { webSearchQueries: searches }),
      },
      ...(hasTool(request, "urlContext") && { urlContextMetadata: { urlMetadata } }),
    }
  })
}

/** The tokens of what the tools read. */
export function toolTokens({ searches, pages }: Grounding): number {
  return searches.length * TOKENS.search + pages.filter((page) => page.isReadable).length * TOKENS.page
}

export function hasTool({ tools = [] }: GenerateRequest, name: string): boolean {
  return tools.some((tool) => Object.hasOwn(tool, name))
}

/** The name that never resolves (RFC 6761). */
function isReadable(url: string): boolean {
  return !(URL.parse(url)?.hostname ?? "").endsWith(".invalid")
}

/** Search results are redirects, whose title is the site. */
function toResults(query: string) {
  return SITES.slice(0, 2).map((title) => {
    const id = createHash("sha256").update(`${query} ${title}`).digest("base64url")
    return { uri: `https://vertexaisearch.cloud.google.com/grounding-api-redirect/${id}`, title }
  })
}

function toPage({ url, isReadable }: Grounding["pages"][number]) {
  return isReadable ? [{ uri: url, title: URL.parse(url)?.hostname ?? url }] : []
}

const MAX_SUPPORTS = 4

/** Sentences of the text, each with one or two of the sources in turn. Indexes count bytes; one that is 0 is left out. */
function supportsIn(text: string, sources: number) {
  if (sources === 0) return []
  const sentences = [...text.matchAll(/[^\s.!?][^.!?\n]{18,}[.!?]/g)].slice(-MAX_SUPPORTS)
  return sentences.map(({ 0: sentence, index }, at) => {
    const startIndex = Buffer.byteLength(text.slice(0, index))
    const segment = {
      ...(startIndex > 0 && { startIndex }),
      endIndex: startIndex + Buffer.byteLength(sentence),
      text: sentence,
    }
    const indices = at % 2 === 0 ? [at % sources] : [...new Set([at % sources, (at + 1) % sources])]
    return { segment, groundingChunkIndices: indices }
  })
}

/** The chips that Google wants to be shown; a page must not trust them. */
function suggestions(searches: string[]): string {
  const chips = searches.map((query) => {
    const href = `https://www.google.com/search?q=${encodeURIComponent(query)}`
    return `<a class="chip" href="${href}">${escapeHtml(query)}</a>`
  })
  return `<style>\n.container { display: flex; }\n</style>\n<div class="container">\n${chips.join("\n")}\n</div>\n`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
