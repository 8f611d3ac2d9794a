import type { Candidate } from "@google/genai"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { type CitedText, toCitations } from "../../src/services/replies/provider/citations.ts"
import { addSources, noSources } from "../../src/services/replies/provider/sources.ts"
import { isStorableText } from "../../src/utils/text.ts"

/** As in a stream: each chunk is one candidate. Anything may be in it. */
function citationsOf(text: string | CitedText, ...candidates: unknown[]) {
  const sources = noSources()
  for (const candidate of candidates) addSources(sources, candidate as Candidate)
  return toCitations(sources, typeof text === "string" ? { text } : text)
}

const web = (name: string) => ({ web: { uri: `https://${name}.example/`, title: name } })
const bytes = (text: string) => Buffer.byteLength(text)
const support = (text: string, said: string, indices: number[], part?: number) => ({
  segment: {
    startIndex: bytes(text.slice(0, text.indexOf(said))),
    endIndex: bytes(text.slice(0, text.indexOf(said))) + bytes(said),
    text: said,
    ...(part === undefined ? {} : { partIndex: part }),
  },
  groundingChunkIndices: indices,
})
const grounded = (chunks: object[], supports: unknown[], more: object = {}) => ({
  groundingMetadata: { groundingChunks: chunks, groundingSupports: supports, ...more },
})
const seen = (citations: ReturnType<typeof citationsOf>, text: string) =>
  citations.map(({ title, start, end }) => [title, text.slice(start, end)])

const TEXT = "Grüß Gott 👋. São Paulo has 12 million people 🏙️. Zürich has fewer."

describe("the sources that Google's tools name", () => {
  test("are of the characters that they support, several of a part and several parts of one", () => {
    const supports = [
      support(TEXT, "São Paulo has 12 million people", [0, 1]),
      support(TEXT, "Zürich has fewer.", [0]),
    ]
    const citations = citationsOf(TEXT, grounded([web("a"), web("b")], supports))
    expect(seen(citations, TEXT)).toEqual([
      ["a", "São Paulo has 12 million people"],
      ["b", "São Paulo has 12 million people"],
      ["a", "Zürich has fewer."],
    ])
    expect(citations[0]).toEqual({
      uri: "https://a.example/",
      title: "a",
      license: null,
      start: TEXT.indexOf("São"),
      end: TEXT.indexOf("São") + 31,
    })
  })

  test("come once, though each chunk repeats and extends what was said before", () => {
    const first = support(TEXT, "São Paulo has 12", [0])
    const more = support(TEXT, "São Paulo has 12 million people", [0])
    const citations = citationsOf(
      TEXT,
      { groundingMetadata: {} },
      grounded([web("a")], [first]),
      grounded([web("a"), web("b")], [more]),
      grounded([web("a"), web("b")], [more, support(TEXT, "Zürich has fewer.", [1])]),
    )
    expect(seen(citations, TEXT)).toEqual([
      ["a", "São Paulo has 12 million people"],
      ["b", "Zürich has fewer."],
    ])
  })

  test("may have been named by an earlier chunk than the one that refers to them", () => {
    const citations = citationsOf(TEXT, grounded([web("a"), web("b")], []), {
      groundingMetadata: { groundingSupports: [support(TEXT, "Zürich has fewer.", [1])] },
    })
    expect(seen(citations, TEXT)).toEqual([
      ["b", "Zürich has fewer."],
      ["a", ""],
    ])
  })

  test("are found by what they say where their indexes count from a part's beginning, or are wrong", () => {
    const starts = { text: TEXT, partStarts: [0, 0, bytes("Grüß Gott 👋. ")] }
    const inPart = support(TEXT.slice(TEXT.indexOf("São")), "Zürich has fewer.", [0], 2)
    expect(seen(citationsOf(starts, grounded([web("a")], [inPart])), TEXT)).toEqual([
      ["a", "Zürich has fewer."],
    ])
    const inText = support(TEXT, "Zürich has fewer.", [0], 2)
    expect(seen(citationsOf(starts, grounded([web("a")], [inText])), TEXT)).toEqual([
      ["a", "Zürich has fewer."],
    ])
    const wrong = { segment: { startIndex: 3, endIndex: 9, text: "fewer" }, groundingChunkIndices: [0] }
    expect(seen(citationsOf(TEXT, grounded([web("a")], [wrong])), TEXT)).toEqual([["a", "fewer"]])
  })

  test("of the nearest of several places that say the same", () => {
    const text = "one two one two one two"
    const near = { segment: { startIndex: 9, endIndex: 11, text: "two" }, groundingChunkIndices: [0] }
    expect(citationsOf(text, grounded([web("a")], [near]))[0]).toMatchObject({ start: 12, end: 15 })
  })

  test("are moved into the text where their indexes lie outside, and left out where they name nothing", () => {
    const citations = citationsOf(
      "short",
      grounded(
        [web("a"), { web: {} }],
        [
          { segment: { startIndex: -5, endIndex: 9_999 }, groundingChunkIndices: [0, 1, 7, -1] },
          { segment: { startIndex: 400, endIndex: 500 }, groundingChunkIndices: [0] },
          { groundingChunkIndices: [0] },
          null,
          "?",
        ],
      ),
    )
    expect(citations).toEqual([{ uri: "https://a.example/", title: "a", license: null, start: 0, end: 5 }])
  })

  test("count from where the provider's text begins, in a reply that goes on", () => {
    const citations = citationsOf(
      { text: `Before. ${TEXT}`, before: { prefix: "Before. ", citations: [] } },
      grounded([web("a")], [support(TEXT, "Zürich has fewer.", [0])]),
    )
    expect(seen(citations, `Before. ${TEXT}`)).toEqual([["a", "Zürich has fewer."]])
  })

  test("of what a reply goes on from stay, each once", () => {
    const known = { title: null, license: null }
    const [part, page] = [
      { ...known, uri: "https://b.example/", start: 0, end: 6 },
      { ...known, uri: "https://c.example/", start: 0, end: 0 },
    ]
    // Of an attempt before, beyond what it began with.
    const beyond = { ...known, uri: "https://d.example/", start: 8, end: 12 }
    const before = { prefix: "Before. ", citations: [part, page, beyond] }
    const found = grounded([web("a")], [support(TEXT, "Zürich has fewer.", [0])])
    const citations = citationsOf({ text: `Before. ${TEXT}`, before }, found)
    expect(citations.map(({ uri }) => uri)).toEqual([part.uri, "https://a.example/", page.uri])
  })

  test("stand beside what the model cites by itself, in the order of the text", () => {
    const citationMetadata = {
      citations: [{ startIndex: 0, endIndex: 11, uri: "https://own.example/", license: "mit" }],
    }
    const citations = citationsOf(TEXT, {
      citationMetadata,
      ...grounded([web("a")], [support(TEXT, "Zürich has fewer.", [0])]),
    })
    expect(citations.map(({ uri, license }) => [uri, license])).toEqual([
      ["https://own.example/", "mit"],
      ["https://a.example/", null],
    ])
  })

  test("are links or none", () => {
    const chunks = [
      "javascript:alert(1)",
      "data:text/html,x",
      "ftp://a.example/",
      " https://a.example/",
      "HTTPS://A.example/",
    ]
    const citations = citationsOf(
      TEXT,
      grounded(
        chunks.map((uri, at) => ({ web: { uri, title: `${at}` } })),
        chunks.map((_, at) => ({ segment: { startIndex: at, endIndex: 9 }, groundingChunkIndices: [at] })),
      ),
    )
    expect(citations.map(({ uri }) => uri)).toEqual([null, null, null, null, "HTTPS://A.example/"])
  })
})

describe("the pages that URL context has read", () => {
  const page = (url: string, status: string) => ({
    retrievedUrl: url,
    urlRetrievalStatus: `URL_RETRIEVAL_STATUS_${status}`,
  })

  test("are sources of no part in particular, unless one names them", () => {
    const urlMetadata = [
      page("https://a.example/", "SUCCESS"),
      page("https://c.example/", "SUCCESS"),
      page("https://d.example/", "ERROR"),
      page("https://e.example/", "UNSAFE"),
    ]
    const citations = citationsOf(TEXT, {
      ...grounded([web("a")], [support(TEXT, "Zürich has fewer.", [0])]),
      urlContextMetadata: { urlMetadata },
    })
    expect(citations.map(({ uri, start, end }) => [uri, start > 0, end > 0])).toEqual([
      ["https://a.example/", true, true],
      ["https://c.example/", false, false],
    ])
  })
})

describe("whatever the provider sends", () => {
  const index = fc.oneof(fc.integer({ min: -5, max: 120 }), fc.anything())
  const name = fc.oneof(fc.string({ unit: "binary" }), fc.constant("https://a.example/"), fc.anything())
  const chunk = fc.oneof(fc.record({ web: fc.record({ uri: name, title: name }) }), fc.anything())
  const segment = fc.record(
    { startIndex: index, endIndex: index, partIndex: index, text: fc.oneof(fc.string(), fc.anything()) },
    { requiredKeys: [] },
  )
  const candidate = fc.oneof(
    fc.anything(),
    fc.record(
      {
        groundingMetadata: fc.oneof(
          fc.anything(),
          fc.record({
            groundingChunks: fc.array(chunk),
            groundingSupports: fc.array(fc.record({ segment, groundingChunkIndices: fc.array(index) })),
            webSearchQueries: fc.array(name),
          }),
        ),
        urlContextMetadata: fc.oneof(
          fc.anything(),
          fc.record({ urlMetadata: fc.array(fc.record({ retrievedUrl: name, urlRetrievalStatus: name })) }),
        ),
        citationMetadata: fc.oneof(
          fc.anything(),
          fc.record({ citations: fc.array(fc.record({ uri: name, startIndex: index, endIndex: index })) }),
        ),
      },
      { requiredKeys: [] },
    ),
  )

  test("citations and queries can be stored, and lie in the text", () => {
    const text = fc.string({ unit: "grapheme", maxLength: 60 })
    fc.assert(
      fc.property(
        fc.array(candidate),
        text,
        fc.array(fc.nat({ max: 80 })),
        (candidates, text, partStarts) => {
          const sources = noSources()
          for (const one of candidates) addSources(sources, one as Candidate)
          const citations = toCitations(sources, { text, partStarts })
          expect(citations.length).toBeLessThanOrEqual(100)
          for (const { uri, title, license, start, end } of citations) {
            for (const name of [uri, title, license]) expect(isStorableText(name ?? "")).toBe(true)
            expect(uri ?? "http://").toMatch(/^https?:\/\//i)
            expect(start).toBeGreaterThanOrEqual(0)
            expect(start < end || (start === 0 && end === 0)).toBe(true)
            expect(end).toBeLessThanOrEqual(text.length)
            expect(text.slice(start, end).isWellFormed()).toBe(text.isWellFormed())
          }
          for (const query of sources.queries) expect(isStorableText(query)).toBe(true)
        },
      ),
      { numRuns: 500 },
    )
  })
})
