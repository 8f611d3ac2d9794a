import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { Tool } from "@google/genai"
import { describe, expect, test } from "vitest"
import { MODEL, useGemini, user } from "./gemini-kit.ts"
import { collect } from "./kit.ts"

const { models, post } = await useGemini()

const SEARCH: Tool = { googleSearch: {} }
const READ: Tool = { urlContext: {} }

async function chunksOf(contents: string, tools: Tool[]) {
  return collect(await models.generateContentStream({ model: MODEL, contents, config: { tools } }))
}

/** What the last chunk says of the sources, and the text that they are of. */
async function groundedReply(contents: string, tools: Tool[]) {
  const chunks = await chunksOf(contents, tools)
  const candidate = chunks.at(-1)?.candidates?.[0]
  const text = chunks.map((chunk) => chunk.text ?? "").join("")
  return { text, chunks, grounding: candidate?.groundingMetadata, urls: candidate?.urlContextMetadata }
}

describe("web search", () => {
  test("finds results that support sentences of the text, by their bytes", async () => {
    const { text, chunks, grounding } = await groundedReply("What is new in São Paulo?", [SEARCH])
    expect(grounding?.webSearchQueries).toEqual(["What is new in São Paulo?"])
    expect(grounding?.groundingChunks).toHaveLength(2)
    for (const chunk of grounding?.groundingChunks ?? [])
      expect(chunk.web).toEqual({
        uri: expect.stringMatching(/^https:\/\/vertexaisearch\.cloud\.google\.com\/grounding-api-redirect\//),
        title: expect.stringMatching(/^example\./),
      })
    const supports = grounding?.groundingSupports ?? []
    expect(supports.length).toBeGreaterThan(1)
    const bytes = Buffer.from(text)
    for (const { segment, groundingChunkIndices } of supports) {
      expect(bytes.subarray(segment?.startIndex ?? 0, segment?.endIndex).toString()).toBe(segment?.text)
      for (const index of groundingChunkIndices ?? []) expect([0, 1]).toContain(index)
    }
    expect(text).toContain("Searched the web for “What is new in São Paulo?”.")
    expect(chunks.slice(0, -1).every((one) => one.candidates?.[0]?.groundingMetadata)).toBe(true)
    const { promptTokenCount = 0, candidatesTokenCount = 0, ...usage } = chunks.at(-1)?.usageMetadata ?? {}
    expect(usage.toolUsePromptTokenCount).toBe(100)
    expect(usage.totalTokenCount).toBe(
      promptTokenCount + candidatesTokenCount + 100 + (usage.thoughtsTokenCount ?? 0),
    )
  })

  test("shows what it searched for as HTML that has nothing of the prompt's own", async () => {
    const { grounding } = await groundedReply('<img src="x" onerror=alert(1)>', [SEARCH])
    const html = grounding?.searchEntryPoint?.renderedContent ?? ""
    expect(html).toContain("https://www.google.com/search?q=")
    expect(html).not.toContain("<img")
  })

  test("happens as often as a directive says, or not at all", async () => {
    const often = await groundedReply("[[gemini: searches=3]] news", [SEARCH])
    expect(often.grounding?.webSearchQueries).toEqual(["news", "news 2", "news 3"])
    const never = await groundedReply("[[gemini: searches=0]] news", [SEARCH])
    expect(never.grounding).toBeUndefined()
    expect(never.chunks.at(-1)?.usageMetadata?.toolUsePromptTokenCount).toBeUndefined()
    expect((await groundedReply("news", [])).grounding).toBeUndefined()
  })

  test.skipIf(!process.env.RECORDINGS)("says nothing that the recorded one doesn't say", async () => {
    const folder = join(process.env.RECORDINGS ?? "", "gemini")
    const recorded = readFileSync(join(folder, "p08-stream-web-search.sse"), "utf8")
    const body = { contents: [user("hi")], tools: [SEARCH] }
    const response = await post(`/v1/models/${MODEL}:streamGenerateContent?alt=sse`, body)
    const known = new Set(keyPaths(eventsOf(recorded)))
    const unknown = keyPaths(eventsOf(await response.text())).filter((path) => !known.has(path))
    expect(unknown).toEqual([".candidates.content.parts.thoughtSignature"])
  })
})

describe("URL context", () => {
  test("reads the pages that the prompt names, as far as they can be read", async () => {
    const prompt = "Compare https://a.example/one, https://b.invalid/two. And https://a.example/one"
    const { text, urls, grounding, chunks } = await groundedReply(prompt, [READ])
    expect(urls?.urlMetadata).toEqual([
      { retrievedUrl: "https://a.example/one", urlRetrievalStatus: "URL_RETRIEVAL_STATUS_SUCCESS" },
      { retrievedUrl: "https://b.invalid/two", urlRetrievalStatus: "URL_RETRIEVAL_STATUS_ERROR" },
    ])
    expect(grounding?.groundingChunks).toEqual([
      { web: { uri: "https://a.example/one", title: "a.example" } },
    ])
    expect(grounding?.webSearchQueries).toBeUndefined()
    expect(text).toContain("Read https://a.example/one.")
    expect(chunks.at(-1)?.usageMetadata?.toolUsePromptTokenCount).toBe(500)
  })

  test("of a prompt without a URL is silent, and stands beside a search", async () => {
    expect((await groundedReply("hello", [READ])).urls).toBeUndefined()
    const both = await groundedReply("news of https://a.example/", [SEARCH, READ])
    expect(both.grounding?.groundingChunks).toHaveLength(3)
    expect(both.grounding?.webSearchQueries).toHaveLength(1)
    expect(both.urls?.urlMetadata).toHaveLength(1)
  })
})

describe("tools are refused", () => {
  const refusals: [string, string, object[]][] = [
    ["that nobody knows", MODEL, [{ crystalBall: {} }]],
    ["by their old name", MODEL, [{ googleSearchRetrieval: {} }]],
    ["by a model without search", "gemma-3-27b-it", [{ googleSearch: {} }]],
    ["by a model without tools", "gemma-3-27b-it", [{ urlContext: {} }]],
    [
      "beside functions before Gemini 3",
      "gemini-2.5-flash",
      [{ googleSearch: {}, functionDeclarations: [{}] }],
    ],
  ]
  test.each(refusals)("%s", async (_, model, tools) => {
    const response = await post(`/v1/models/${model}:generateContent`, { contents: [user("hi")], tools })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { code: 400, status: "INVALID_ARGUMENT" } })
  })

  test("but not beside functions since, nor in snake case", async () => {
    const tools = [{ google_search: {}, function_declarations: [{}] }]
    const response = await post(`/v1/models/${MODEL}:generateContent`, { contents: [user("hi")], tools })
    expect(response.status).toBe(200)
  })
})

function eventsOf(body: string): unknown[] {
  return body
    .split(/\r?\n\r?\n/)
    .flatMap((event) => (event.startsWith("data:") ? JSON.parse(event.slice(5)) : []))
}

/** Where the keys of an object stand, list indexes left out. */
function keyPaths(value: unknown, at = ""): string[] {
  if (Array.isArray(value)) return [...new Set(value.flatMap((item) => keyPaths(item, at)))]
  if (value === null || typeof value !== "object") return [at]
  return Object.entries(value).flatMap(([key, inner]) => keyPaths(inner, `${at}.${key}`))
}
